package io.podveil.certs.peers;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PeerAddressTest {
  @ParameterizedTest
  @ValueSource(strings = {"10.1.2.3:80", "[fd00::7]:443", "0.0.0.0:1", "1.1.1.1:65535"})
  void readsAndWritesTheSame(String text) {
    assertThat(PeerAddress.parse(text).orElseThrow()).hasToString(text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ":",
        "10.1.2.3",
        "10.1.2.3:",
        "10.1.2.3:0",
        "10.1.2.3:65536",
        "10.1.2.3:-1",
        "10.1:80",
        "10.1.2.256:80",
        "fd00::7:443",
        "[fd00::7]",
        "[fd00::7%eth0]:1",
        "[10.1.2.3]:80",
        "localhost:80",
        "[::g]:1",
        "10.1.2.3:80 ",
        " 10.1.2.3:80",
        "10.1.2.3:80\n",
        "[]:80"
      })
  void refusesWhatIsNoAddressWithAPort(String text) {
    assertThat(PeerAddress.parse(text)).isEmpty();
  }
}
