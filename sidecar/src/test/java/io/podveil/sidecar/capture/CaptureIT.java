package io.podveil.sidecar.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.podveil.sidecar.net.Cidr;
import io.podveil.sidecar.net.Ports;
import io.podveil.sidecar.testbed.Namespace;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Setting, verifying and removing; what the rules do to traffic is the traffic test's. */
@Timeout(60)
final class CaptureIT {
  private static final CaptureRules RULES =
      new CaptureRules(
          1,
          2,
          3,
          Ports.parse("9100,8000-8010"),
          Ports.parse("3306,50051"),
          Cidr.parseList("10.0.0.0/8,10.1.0.0/16,11.0.0.0/8,192.0.2.7,fd12::/16,2001:db8::1"));

  private Namespace namespace;

  @BeforeEach
  void create() {
    namespace = Namespace.create();
  }

  @AfterEach
  void remove() {
    namespace.close();
  }

  @Test
  void applyingTwiceIsTheSameAsOnce() throws Exception {
    assertThat(apply(RULES)).isEqualTo(Reach.BOTH_FAMILIES);
    String once = everything();
    apply(RULES);
    assertThat(everything()).isEqualTo(once);
    assertThat(namespace.run("ip", "rule").lines().filter(l -> l.contains("fwmark"))).hasSize(2);
    assertThat(namespace.run("ip", "-6", "rule").lines().filter(l -> l.contains("fwmark")))
        .hasSize(2);
    assertThat(verify(RULES)).isEqualTo(Reach.BOTH_FAMILIES);
  }

  @Test
  void applyingOtherOptionsReplacesTheRules() throws Exception {
    apply(RULES);
    CaptureRules plain = new CaptureRules(1, 2, 3, Ports.NONE, Ports.NONE, List.of());
    apply(plain);
    verify(plain);
    assertThat(everything()).doesNotContain("3306");
    assertThatExceptionOfType(CaptureException.class)
        .isThrownBy(() -> verify(RULES))
        .withMessageContaining("is not what these options ask for");
  }

  @Test
  void removingLeavesTheNamespaceAsItWas() throws Exception {
    namespace.run("nft", "add table inet other; add chain inet other kept");
    namespace.run("ip", "rule", "add", "pref", "7", "fwmark", "0x7", "lookup", "7");
    String before = everything();
    apply(RULES);
    remove(namespace);
    assertThat(everything()).isEqualTo(before);
    remove(namespace);
    assertThat(everything()).isEqualTo(before);
  }

  @ParameterizedTest
  @CsvSource({
    "0.0.0.0/0, 1-65535",
    "'0.0.0.0/0,::/0', 80",
    "'10.0.0.0/9,10.128.0.0/9', '1-9,11-20'",
    "::/0, ''",
  })
  void takesAnyExclusion(String cidrs, String ports) throws Exception {
    CaptureRules rules =
        new CaptureRules(1, 2, 3, Ports.NONE, Ports.parse(ports), Cidr.parseList(cidrs));
    apply(rules);
    verify(rules);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "nft insert rule inet podveil leaving accept",
        "nft add rule inet podveil arriving tcp dport 22 accept",
        "nft flush chain inet podveil never_out",
        "nft delete table inet podveil",
        "nft add chain inet podveil another",
        "nft add table inet podveil { flags dormant; }",
        "ip rule del fwmark 0xa",
        "ip -6 rule del fwmark 0xd",
        "ip route flush table 100",
        "ip -6 route flush table 100",
      })
  void findsAnyChangeAndCuresIt(String edit) throws Exception {
    apply(RULES);
    verify(RULES);
    namespace.run("sh", "-c", edit.startsWith("nft") ? "nft '" + edit.substring(4) + "'" : edit);
    assertThatExceptionOfType(CaptureException.class)
        .isThrownBy(() -> verify(RULES))
        .withMessageContaining("run podveil-sidecar capture")
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
    apply(RULES);
    assertThatCode(() -> verify(RULES)).doesNotThrowAnyException();
  }

  @Test
  void findsThatNothingWasSet() {
    assertThatExceptionOfType(CaptureException.class)
        .isThrownBy(() -> verify(RULES))
        .withMessage(
            "no capture rules are in force in this network namespace; run podveil-sidecar capture");
  }

  @Test
  void coversIpv4AloneWhereIpv6IsDisabled() throws Exception {
    namespace.sysctl("net.ipv6.conf.all.disable_ipv6", "1");
    String before = everything();
    assertThat(apply(RULES))
        .isEqualTo(Reach.IPV4_ONLY)
        .hasToString("IPv4 only: IPv6 is disabled here");
    assertThat(verify(RULES)).isEqualTo(Reach.IPV4_ONLY);
    remove(namespace);
    assertThat(everything()).isEqualTo(before);
  }

  @Test
  void needsNetAdminAloneAndSaysSo() {
    assertThat(inProcess("capsh --drop=cap_net_admin -- -c"))
        .startsWith("capture may not change this network namespace; give it CAP_NET_ADMIN");
    assertThat(inProcess("setpriv --bounding-set=-all,+net_admin --inh-caps=-all,+net_admin sh -c"))
        .isEqualTo("IPv4 and IPv6");
  }

  @Test
  void saysWhichPackageBringsTheLibrary() {
    assertThat(
            inProcess(
                "unshare -m sh -c 'for l in /usr/lib/*/libnftables.so.1; do mount --bind /dev/null $(realpath $l); done; exec \"$@\"' - sh -c"))
        .startsWith("libnftables.so.1 can't be loaded; install the package libnftables1");
  }

  /**
   * Applies in a process of its own, which the shell starts as it is told, and returns its word.
   */
  private String inProcess(String shell) {
    String java =
        "%s -XX:TieredStopAtLevel=1 --enable-native-access=ALL-UNNAMED -cp %s %s"
            .formatted(
                ProcessHandle.current().info().command().orElseThrow(),
                System.getProperty("java.class.path"),
                InProcess.class.getName().replace("$", "\\$"));
    return namespace.run("sh", "-c", shell + " '" + java + "'").strip();
  }

  /** Applies and verifies, and says what came of it. */
  static final class InProcess {
    private InProcess() {}

    public static void main(String[] arguments) {
      try {
        Capture.apply(RULES);
        System.out.println(Capture.verify(RULES));
      } catch (CaptureException e) {
        System.out.println(e.getMessage());
      }
    }
  }

  private Reach apply(CaptureRules rules) throws Exception {
    return namespace.call(() -> Capture.apply(rules));
  }

  private Reach verify(CaptureRules rules) throws Exception {
    return namespace.call(() -> Capture.verify(rules));
  }

  private static void remove(Namespace namespace) throws Exception {
    namespace.call(() -> {
      Capture.remove();
      return namespace;
    });
  }

  /** With handles: rules that were set again would have others. */
  private String everything() {
    return namespace.run("nft", "-a", "list", "ruleset")
        + namespace.run("ip", "rule")
        + namespace.run("ip", "-6", "rule")
        + namespace.run("ip", "route", "show", "table", "all")
        + namespace.run("ip", "-6", "route", "show", "table", "all");
  }
}
