package io.podveil.sidecar.capture;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.podveil.sidecar.testbed.Family;
import io.podveil.sidecar.testbed.PacketCapture;
import io.podveil.sidecar.testbed.Pod;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What captured traffic looks like to the app, with a stand-in for the sidecar. */
@Timeout(120)
final class CapturedTrafficIT extends BetweenTwoPods {
  private static final int APP = 8080;
  private static final String WORDS = "in plain words";

  @ParameterizedTest
  @EnumSource
  void theAppSeesItsClientAndTheWireSeesNoPlaintext(Family family) throws Exception {
    pods.captureBoth();
    try (PacketCapture packets = PacketCapture.of(a);
        EchoApp app = EchoApp.in(b.namespace(), APP);
        StandIn _ = StandIn.in(a.namespace());
        StandIn _ = StandIn.in(b.namespace());
        Client client = Client.connect(a.namespace(), b.address(family), APP)) {
      assertThat(client.exchange(WORDS)).isEqualTo(WORDS);
      InetSocketAddress seen = app.nextClient();
      assertThat(seen.getAddress()).isEqualTo(a.address(family));
      packets.stop();
      assertThat(packets.contains(WORDS)).isFalse();
      assertThat(packets.packets("tcp port " + seen.getPort())).isNotEmpty();
      assertThat(packets.packets("tcp port " + client.address().getPort())).isEmpty();
    }
  }

  @ParameterizedTest
  @EnumSource
  void twoHundredConnectionsAtOnceKeepTheirExactPorts(Family family) throws Exception {
    pods.capture(b);
    try (EchoApp app = EchoApp.in(b.namespace(), APP);
        StandIn _ = StandIn.in(b.namespace())) {
      Set<InetSocketAddress> clients = new HashSet<>();
      Set<InetSocketAddress> seen = new HashSet<>();
      List<Client> open = new ArrayList<>();
      // No sidecar on this side: the stand-in turns every byte around, once.
      for (int i = 0; i < 200; i++) {
        open.add(Client.connect(a.namespace(), b.address(family), APP));
      }
      for (Client client : open) {
        clients.add(client.address());
        assertThat(client.exchange("Here")).isEqualTo("Here");
        seen.add(app.nextClient());
        client.close();
      }
      assertThat(seen).hasSize(200).isEqualTo(clients);
    }
  }

  @ParameterizedTest
  @EnumSource
  void theSameClientPortAgainWithinTimeWaitIsServedAndSeen(Family family) throws Exception {
    pods.capture(b);
    InetSocketAddress client = new InetSocketAddress(a.address(family), 45_000);
    InetSocketAddress target = new InetSocketAddress(b.address(family), APP);
    try (ServerSocket app = b.namespace().call(() -> new ServerSocket(APP));
        StandIn _ = StandIn.in(b.namespace())) {
      for (int i = 0; i < 5; i++) {
        try (Socket socket = a.namespace().call(() -> connected(client, target))) {
          try (Socket seen = app.accept()) {
            assertThat(seen.getRemoteSocketAddress()).isEqualTo(client);
          } // The app closes first: TIME_WAIT stays on this side.
          assertThat(socket.getInputStream().read()).isEqualTo(-1);
        }
      }
    }
  }

  private static Socket connected(SocketAddress from, SocketAddress to) throws IOException {
    Socket socket = new Socket();
    socket.setReuseAddress(true);
    socket.bind(from);
    socket.connect(to, 5_000);
    return socket;
  }

  @ParameterizedTest
  @EnumSource
  void fewPortsUsedOverAndOverStayApart(Family family) throws Exception {
    a.namespace().sysctl("net.ipv4.ip_local_port_range", "40000 40031");
    pods.captureBoth();
    try (EchoApp _ = EchoApp.in(b.namespace(), APP);
        StandIn _ = StandIn.in(a.namespace());
        StandIn _ = StandIn.in(b.namespace())) {
      for (int i = 0; i < 200; i++) {
        try (Client client = Client.connect(a.namespace(), b.address(family), APP)) {
          assertThat(client.exchange("turn " + i)).isEqualTo("turn " + i);
          // Reset at the end: no TIME_WAIT holds a port, only conntrack remembers it.
          client.socket().setSoLinger(true, 0);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "1", "2"})
  void anyReversePathFilterWillDo(String filter) throws Exception {
    for (Pod pod : List.of(a, b)) {
      for (String device : List.of("all", "lo", "eth0")) {
        pod.namespace().sysctl("net.ipv4.conf." + device + ".rp_filter", filter);
      }
    }
    pods.captureBoth();
    try (EchoApp app = EchoApp.in(b.namespace(), APP);
        StandIn _ = StandIn.in(a.namespace());
        StandIn _ = StandIn.in(b.namespace());
        Client client = Client.connect(a.namespace(), b.v4(), APP)) {
      assertThat(client.exchange(WORDS)).isEqualTo(WORDS);
      assertThat(app.nextClient().getAddress()).isEqualTo(a.v4());
    }
  }

  @ParameterizedTest
  @EnumSource
  void aHalfClosedConnectionIsRememberedForHours(Family family) throws Exception {
    pods.captureBoth();
    try (ServerSocket app = b.namespace().call(() -> new ServerSocket(APP));
        StandIn _ = StandIn.in(a.namespace());
        StandIn _ = StandIn.in(b.namespace());
        Client client = Client.connect(a.namespace(), b.address(family), APP);
        Socket server = app.accept()) {
      client.socket().shutdownOutput();
      assertThat(server.getInputStream().read()).isEqualTo(-1);
      for (Pod pod : List.of(a, b)) {
        await()
            .untilAsserted(
                () -> assertThat(remembered(pod, family)).hasSize(2).allMatch(forHours()));
      }
      server.getOutputStream().write("late".getBytes(UTF_8));
      assertThat(client.socket().getInputStream().readNBytes(4)).asString().isEqualTo("late");
    }
  }

  private static List<String> remembered(Pod pod, Family family) {
    String ip = family == Family.V4 ? "ipv4" : "ipv6";
    return pod.namespace().run("conntrack", "-L", "-f", ip, "-p", "tcp").lines().toList();
  }

  private static Predicate<String> forHours() {
    return Pattern.compile("^tcp +6 86[34]\\d\\d \\w+_WAIT ").asPredicate();
  }

  @ParameterizedTest
  @EnumSource
  void connectionsThatConntrackForgotGoOnCaptured(Family family) throws Exception {
    pods.captureBoth();
    try (PacketCapture packets = PacketCapture.of(a);
        EchoApp app = EchoApp.in(b.namespace(), APP);
        StandIn _ = StandIn.in(a.namespace());
        StandIn _ = StandIn.in(b.namespace());
        Client client = Client.connect(a.namespace(), b.address(family), APP)) {
      assertThat(client.exchange(WORDS)).isEqualTo(WORDS);
      pods.forget();
      assertThat(client.exchange(WORDS)).isEqualTo(WORDS);
      pods.forget();
      // The answering side alone can't go on: only conntrack knew what port the client spoke to. It
      // keeps silent, rather than speak from its own port, until the client is heard again.
      app.next().getOutputStream().write("first, ".getBytes(UTF_8));
      assertThat(client.exchange("-------")).isEqualTo("first, ");
      assertThat(client.socket().getInputStream().readNBytes(7)).asString().isEqualTo("-------");
      packets.stop();
      assertThat(packets.contains(WORDS)).isFalse();
    }
  }

  @ParameterizedTest
  @EnumSource
  void applyingAgainLeavesLiveConnectionsAlone(Family family) throws Exception {
    pods.captureBoth();
    try (EchoApp _ = EchoApp.in(b.namespace(), APP);
        StandIn _ = StandIn.in(a.namespace());
        StandIn _ = StandIn.in(b.namespace());
        Client client = Client.connect(a.namespace(), b.address(family), APP)) {
      assertThat(client.exchange(WORDS)).isEqualTo(WORDS);
      pods.captureBoth();
      assertThat(client.exchange(WORDS)).isEqualTo(WORDS);
      // Rules that differ are replaced, and connections still go on.
      a.namespace().run("nft", "insert", "rule", "inet", "podveil", "leaving", "counter");
      pods.captureBoth();
      assertThat(client.exchange(WORDS)).isEqualTo(WORDS);
    }
  }
}
