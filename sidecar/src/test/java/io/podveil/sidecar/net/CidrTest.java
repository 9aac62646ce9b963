package io.podveil.sidecar.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.net.InetAddress;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class CidrTest {
  @ParameterizedTest
  @CsvSource({
    "10.0.0.0/8, 10.255.255.255, true",
    "10.0.0.0/8, 11.0.0.0, false",
    "10.0.0.0/8, 9.255.255.255, false",
    "100.64.0.0/10, 100.127.255.255, true",
    "100.64.0.0/10, 100.128.0.0, false",
    "203.0.113.7, 203.0.113.7, true",
    "203.0.113.7, 203.0.113.6, false",
    "0.0.0.0/0, 255.255.255.255, true",
    "0.0.0.0/0, ::1, false",
    "fc00::/7, fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff, true",
    "fc00::/7, fe00::, false",
    "::/0, 2001:db8::1, true",
    "::/0, 10.0.0.1, false",
    "2001:db8::1, 2001:db8::1, true",
    "2001:db8::1, 2001:db8::2, false",
    "10.0.0.0/8, ::ffff:10.0.0.1, true",
  })
  void containsWhatSharesItsPrefix(String cidr, String address, boolean expected) {
    assertThat(Cidr.parse(cidr).contains(InetAddress.ofLiteral(address))).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "10.0.0.0/8, 10.0.0.0/8, true",
    "10.0.0.0/8, 10.1.0.0/16, true",
    "10.1.0.0/16, 10.0.0.0/8, false",
    "10.0.0.0/8, fc00::/7, false",
  })
  void containsABlockThatLiesInIt(String outer, String inner, boolean expected) {
    assertThat(Cidr.parse(outer).contains(Cidr.parse(inner))).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "10.0.0.0/8, 10.0.0.0/8",
    "' 10.0.0.1 ', 10.0.0.1/32",
    "FD00:0:0:0:0:0:0:1, fd00::1/128",
    "fc00::/7, fc00::/7",
    "::/0, ::/0",
  })
  void isWrittenTheShortWay(String given, String written) {
    assertThat(Cidr.parse(given)).hasToString(written).isEqualTo(Cidr.parse(written));
  }

  @ParameterizedTest
  @CsvSource({
    "'', an IPv4 or IPv6 address",
    "example.com, an IPv4 or IPv6 address",
    "localhost/8, an IPv4 or IPv6 address",
    "10/8, an IPv4 or IPv6 address",
    "10.1, an IPv4 or IPv6 address",
    "010.0.0.0/8, an IPv4 or IPv6 address",
    "10.0.0.256, an IPv4 or IPv6 address",
    "10.0.0.0.0/8, an IPv4 or IPv6 address",
    "fe80::1%eth0, an IPv4 or IPv6 address",
    "[::1], an IPv4 or IPv6 address",
    "::ffff:10.0.0.0, an IPv4 or IPv6 address",
    "fc00:::/7, an IPv4 or IPv6 address",
    ":, an IPv4 or IPv6 address",
    "10.0.0.0/33, the prefix of an IPv4 block is 0 to 32",
    "::/129, the prefix of an IPv6 block is 0 to 128",
    "10.0.0.0/, after the slash comes a number",
    "10.0.0.0/-1, after the slash comes a number",
    "10.0.0.0/8/8, after the slash comes a number",
    "10.1.2.3/8, is 10.0.0.0/8 meant?",
    "fd12::/7, is fc00::/7 meant?",
  })
  void refusesAnythingElseSayingWhatIsAllowed(String given, String allowed) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Cidr.parse(given))
        .withMessageContaining("\"" + given + "\"")
        .withMessageContaining(allowed);
  }

  @Test
  void readsAListWithCommas() {
    assertThat(Cidr.parseList("10.0.0.0/8, fc00::/7"))
        .containsExactly(Cidr.parse("10.0.0.0/8"), Cidr.parse("fc00::/7"));
    assertThat(Cidr.parseList(" ")).isEmpty();
    assertThatIllegalArgumentException().isThrownBy(() -> Cidr.parseList("10.0.0.0/8,"));
  }
}
