package io.podveil.certs.signer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SpiffeIdTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "spiffe://cluster.local/ns/default/sa/web",
        "spiffe://cluster.local",
        "spiffe://a",
        "spiffe://10.0.0.1/x",
        "spiffe://under_score-dash.9/UPPER/lower/1.2-3_4",
        "spiffe://td/...",
        "spiffe://td/.hidden"
      })
  void readsWhatTheSpecificationAllowsAndWritesItUnchanged(String text) {
    assertThat(SpiffeId.parse(text)).hasToString(text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "spiffe:",
        "spiffe://",
        "spiffe:///path",
        "SPIFFE://td/x",
        "https://td/x",
        " spiffe://td/x",
        "spiffe://td/x ",
        "spiffe://td/",
        "spiffe://td//x",
        "spiffe://td/x/",
        "spiffe://td/./x",
        "spiffe://td/x/..",
        "spiffe://TD/x",
        "spiffe://td:8443/x",
        "spiffe://user@td/x",
        "spiffe://td?x",
        "spiffe://td/x?y",
        "spiffe://td/x#y",
        "spiffe://td/%41",
        "spiffe://td%2e/x",
        "spiffe://tdé/x",
        "spiffe://td/é",
        "spiffe://[::1]/x",
        "spiffe://td/x\n",
        "spiffe://td/x\u0000y",
        "spiffe://td\\x"
      })
  void refusesWhatTheSpecificationForbids(String text) {
    assertThatIllegalArgumentException().isThrownBy(() -> SpiffeId.parse(text));
  }

  @Test
  void holdsTheLimitsOfLength() {
    assertThat(SpiffeId.parse("spiffe://" + "a".repeat(255)).trustDomain()).hasSize(255);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SpiffeId.parse("spiffe://" + "a".repeat(256)))
        .withMessageContaining("255");
    String longest = "spiffe://td/" + "a".repeat(2048 - "spiffe://td/".length());
    assertThat(SpiffeId.parse(longest)).hasToString(longest);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SpiffeId.parse(longest + "a"))
        .withMessageContaining("2048");
  }

  @Test
  void tellsMembersOfATrustDomain() {
    SpiffeId web = SpiffeId.ofServiceAccount("td", "shop", "web");
    assertThat(web).hasToString("spiffe://td/ns/shop/sa/web");
    assertThat(web.isMemberOf("td")).isTrue();
    assertThat(web.isMemberOf("t")).isFalse();
    assertThat(SpiffeId.ofTrustDomain("td").isMemberOf("td")).isFalse();
  }

  @Test
  void cannotBeSmuggledThroughANamespace() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SpiffeId.ofServiceAccount("td", "shop", ".."));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SpiffeId.ofServiceAccount("td", "", "web"));
  }
}
