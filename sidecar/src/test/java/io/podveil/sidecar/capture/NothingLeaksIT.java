package io.podveil.sidecar.capture;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.podveil.sidecar.testbed.Family;
import io.podveil.sidecar.testbed.Forger;
import io.podveil.sidecar.testbed.PacketCapture;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What must not leave the pod, and not reach it, in plaintext, whatever happens to the sidecar or
 * the rules.
 */
@Timeout(120)
final class NothingLeaksIT extends BetweenTwoPods {
  private static final int APP = 8080;
  private static final String WORDS = "in plain words";

  @ParameterizedTest
  @EnumSource
  void withoutASidecarTrafficIsRefusedAndNothingLeaves(Family family) throws Exception {
    pods.capture(a);
    try (PacketCapture packets = PacketCapture.of(a);
        EchoApp there = EchoApp.in(b.namespace(), APP);
        EchoApp here = EchoApp.in(a.namespace(), APP)) {
      assertThatExceptionOfType(ConnectException.class)
          .isThrownBy(() -> Client.connect(a.namespace(), b.address(family), APP))
          .withMessageContaining("refused");
      assertThatExceptionOfType(ConnectException.class)
          .isThrownBy(() -> Client.connect(b.namespace(), a.address(family), APP))
          .withMessageContaining("refused");
      assertThat(there.isIdle()).isTrue();
      assertThat(here.isIdle()).isTrue();
      packets.stop();
      assertThat(packets.packets("tcp and dst host " + b.address(family).getHostAddress()))
          .allMatch(packet -> packet.contains("[R.]"), "the kernel's refusal");
    }
  }

  @ParameterizedTest
  @EnumSource
  void whenTheSidecarEndsItsConnectionsEndAndNothingLeaves(Family family) throws Exception {
    pods.captureBoth();
    try (PacketCapture packets = PacketCapture.of(a);
        EchoApp _ = EchoApp.in(b.namespace(), APP);
        StandIn _ = StandIn.in(b.namespace())) {
      StandIn killed = StandIn.in(a.namespace());
      Client client = Client.connect(a.namespace(), b.address(family), APP);
      assertThat(client.exchange(WORDS)).isEqualTo(WORDS);
      killed.close();
      client.speakUntilBroken(WORDS);
      try (StandIn _ = StandIn.in(a.namespace());
          Client again = Client.connect(a.namespace(), b.address(family), APP)) {
        assertThat(again.exchange(WORDS)).isEqualTo(WORDS);
      }
      packets.stop();
      assertThat(packets.contains(WORDS)).isFalse();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aConnectionFromBeforeTheRulesEndsInsteadOfGoingOnInPlaintext(Family family)
      throws Exception {
    try (EchoApp app = EchoApp.in(b.namespace(), APP);
        Client client = Client.connect(a.namespace(), b.address(family), APP)) {
      assertThat(client.exchange("before")).isEqualTo("before");
      pods.capture(a);
      try (PacketCapture packets = PacketCapture.of(a);
          StandIn _ = StandIn.in(a.namespace())) {
        client.speakUntilBroken(WORDS);
        app.next().getOutputStream().write(WORDS.getBytes(UTF_8));
        packets.stop();
        assertThat(packets.packets("tcp and src host " + a.address(family).getHostAddress()))
            .allMatch(packet -> packet.matches(".*Flags \\[R\\.?\\].* length 0.*"));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ip rule del fwmark 0xa; ip -6 rule del fwmark 0xa",
        "ip rule del fwmark 0xd; ip -6 rule del fwmark 0xd",
        "ip route flush table 100; ip -6 route flush table 100",
        "ip link set lo down",
        "sysctl -qw net.ipv6.conf.lo.disable_ipv6=1",
      })
  void nothingLeavesWhateverIsLost(String loss) throws Exception {
    pods.captureBoth();
    try (PacketCapture atA = PacketCapture.of(a);
        PacketCapture atB = PacketCapture.of(b);
        EchoApp app = EchoApp.in(b.namespace(), APP);
        StandIn _ = StandIn.in(a.namespace());
        StandIn _ = StandIn.in(b.namespace())) {
      List<Client> clients = new ArrayList<>();
      for (Family family : Family.values()) {
        Client client = Client.connect(a.namespace(), b.address(family), APP);
        assertThat(client.exchange(WORDS)).isEqualTo(WORDS);
        clients.add(client);
      }
      a.namespace().run("sh", "-c", loss);
      b.namespace().run("sh", "-c", loss);
      for (int i = 0; i < clients.size(); i++) {
        clients.get(i).socket().getOutputStream().write(WORDS.getBytes(UTF_8));
        app.next().getOutputStream().write(WORDS.getBytes(UTF_8));
      }
      for (Family family : Family.values()) {
        a.namespace().run("sh", "-c", curl(family, ""));
      }
      assertThat(atA.stop().contains(WORDS)).isFalse();
      assertThat(atB.stop().contains(WORDS)).isFalse();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aSocketBoundToItsDeviceAndAFastOpenDontLeakEither(Family family) throws Exception {
    a.namespace().sysctl("net.ipv4.tcp_fastopen", "5"); // data in the first SYN, cookie or not
    pods.capture(a);
    try (PacketCapture packets = PacketCapture.of(a)) {
      a.namespace().run("sh", "-c", curl(family, "--tcp-fastopen"));
      a.namespace().run("sh", "-c", curl(family, "--interface eth0"));
      assertThat(packets.stop().packets("tcp")).isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aConnectionThatStartsAtAnExcludedPortIsCapturedStill(Family family) throws Exception {
    // To 9100 the world may speak as it is; from there the app may not.
    pods.capture(a);
    try (PacketCapture packets = PacketCapture.of(a)) {
      a.namespace().run("sh", "-c", curl(family, "--local-port 9100"));
      assertThat(packets.stop().packets("tcp")).isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource
  void anExcludedPortOfTheOtherSideIsNoExcuseForAnAnswer(Family family) throws Exception {
    // The client's own port is one to which this pod may speak as it is; the answer is captured
    // still.
    b.namespace().sysctl("net.ipv4.ip_local_port_range", "3306 3306");
    b.namespace().sysctl("net.ipv4.ip_unprivileged_port_start", "0");
    pods.capture(a);
    try (PacketCapture packets = PacketCapture.of(a);
        EchoApp app = EchoApp.in(a.namespace(), APP);
        StandIn _ = StandIn.in(a.namespace());
        Client client = Client.connect(b.namespace(), a.address(family), APP)) {
      assertThat(client.exchange("turned")).isEqualTo("turned");
      assertThat(app.nextClient().getPort()).isEqualTo(3306);
      assertThat(packets.stop().contains(StandIn.turned("turned"))).isFalse();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aForgerOnTheWireCannotReachTheAppsOwnConnections(Family family) throws Exception {
    pods.captureBoth();
    try (Forger atA = Forger.knowing(a, pods.wire());
        Forger atB = Forger.knowing(b, pods.wire());
        EchoApp _ = EchoApp.in(b.namespace(), APP);
        StandIn _ = StandIn.in(a.namespace());
        StandIn _ = StandIn.in(b.namespace());
        Client client = Client.connect(a.namespace(), b.address(family), APP)) {
      assertThat(client.exchange(WORDS)).isEqualTo(WORDS);
      for (Forger.Flag flag : Forger.Flag.values()) {
        atA.inject(flag, client.address().getPort());
        atB.inject(flag, APP);
        assertThat(client.exchange(WORDS)).isEqualTo(WORDS);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void theListenersCannotBeReachedFromOutside(Family family) throws Exception {
    pods.capture(a);
    try (StandIn _ = StandIn.in(a.namespace())) {
      for (int port : List.of(1, 2)) {
        assertThatExceptionOfType(ConnectException.class)
            .isThrownBy(() -> Client.connect(b.namespace(), a.address(family), port))
            .withMessageContaining("refused");
      }
    }
  }

  @Test
  void anAppOnLoopbackAloneCannotBeReachedFromOutside() throws Exception {
    pods.capture(b);
    try (EchoApp app = EchoApp.in(b.namespace(), InetAddress.ofLiteral("127.0.0.1"), APP);
        StandIn _ = StandIn.in(b.namespace())) {
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(() -> {
            try (Client client = Client.connect(a.namespace(), b.v4(), APP)) {
              client.exchange(WORDS);
              throw new IOException("ended: " + client.socket().getInputStream().read());
            }
          });
      assertThat(app.isIdle()).isTrue();
    }
  }

  private String curl(Family family, String options) {
    String host =
        family == Family.V4 ? b.v4().getHostAddress() : "[" + b.v6().getHostAddress() + "]";
    return "curl -s -m 1 %s -d '%s' http://%s:%d/ || true".formatted(options, WORDS, host, APP);
  }
}
