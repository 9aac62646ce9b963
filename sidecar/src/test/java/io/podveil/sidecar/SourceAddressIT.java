package io.podveil.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import io.podveil.sidecar.testbed.Family;
import io.podveil.sidecar.testbed.Line;
import io.podveil.sidecar.testbed.Mesh;
import io.podveil.sidecar.testbed.MeshedPod;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The app sees who calls it: the client's own address and port. */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class SourceAddressIT {
  private static final String FALLBACKS = "podveil_source_port_fallbacks_total";

  private Mesh mesh;
  private MeshedPod cart;
  private MeshedPod web;

  @BeforeAll
  void lay() {
    mesh = Mesh.lay();
    cart = mesh.pod("cart");
    web = mesh.pod("web");
  }

  @AfterAll
  void close() {
    mesh.close();
  }

  @ParameterizedTest
  @EnumSource
  void twoHundredConnectionsAtOnceKeepTheirPorts(Family family) throws Exception {
    List<Socket> clients = new ArrayList<>();
    List<Socket> servers = new ArrayList<>();
    try (ServerSocket listener = Line.listen(web.namespace())) {
      for (int i = 0; i < 200; i++) {
        clients.add(Line.dial(cart.namespace(), web.address(family), listener.getLocalPort()));
      }
      for (Socket client : clients) {
        new DataOutputStream(client.getOutputStream()).writeInt(client.getLocalPort());
      }
      for (int i = 0; i < 200; i++) {
        servers.add(listener.accept());
      }
      for (Socket server : servers) {
        int saidPort = new DataInputStream(server.getInputStream()).readInt();
        assertThat(server.getRemoteSocketAddress())
            .isEqualTo(new InetSocketAddress(cart.address(family), saidPort));
        new DataOutputStream(server.getOutputStream()).writeInt(saidPort);
      }
      for (Socket client : clients) {
        assertThat(new DataInputStream(client.getInputStream()).readInt())
            .isEqualTo(client.getLocalPort());
      }
    } finally {
      for (Socket client : clients) {
        client.close();
      }
      for (Socket server : servers) {
        server.close();
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void aPortServesAgainWhileItsLastConnectionIsInTimeWait(Family family) throws Exception {
    try (ServerSocket listener = Line.listen(web.namespace())) {
      int port = freePort();
      for (int i = 0; i < 5; i++) {
        try (Line line =
            Line.to(
                listener,
                Line.dialFrom(
                    port, cart.namespace(), web.address(family), listener.getLocalPort()))) {
          assertThat(line.server().getRemoteSocketAddress())
              .isEqualTo(new InetSocketAddress(cart.address(family), port));
          line.say("round " + i);
          // Who ends first keeps the TIME_WAIT: here the server, or the client could not bind.
          line.server().shutdownOutput();
          assertThat(line.client().getInputStream().read()).isEqualTo(-1);
          line.client().shutdownOutput();
          assertThat(line.server().getInputStream().read()).isEqualTo(-1);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void aClientInAHurryIsServedFromAPortThatItEndedItself(Family family) throws Exception {
    // The kernel lets such a client have its port again after a second (tcp_tw_reuse).
    cart.namespace().sysctl("net.ipv4.tcp_tw_reuse", "1");
    try (ServerSocket listener = Line.listen(web.namespace())) {
      int port = freePort();
      for (int i = 0; i < 3; i++) {
        try (Line line =
            Line.to(
                listener,
                Line.dialFrom(
                    port, cart.namespace(), web.address(family), listener.getLocalPort()))) {
          assertThat(line.server().getInetAddress()).isEqualTo(cart.address(family));
          line.say("round " + i);
          line.client().shutdownOutput();
          assertThat(line.server().getInputStream().read()).isEqualTo(-1);
          line.server().shutdownOutput();
          assertThat(line.client().getInputStream().read()).isEqualTo(-1);
        }
        Thread.sleep(1_100);
      }
    } finally {
      cart.namespace().sysctl("net.ipv4.tcp_tw_reuse", "2");
    }
  }

  @ParameterizedTest
  @EnumSource
  void aPortThatIsTakenInThePodIsReplacedCountedAndLogged(Family family) throws Exception {
    double before = web.metric(FALLBACKS);
    web.namespace().sysctl("net.ipv4.ip_nonlocal_bind", "1");
    web.namespace().sysctl("net.ipv6.ip_nonlocal_bind", "1");
    try (ServerSocket listener = Line.listen(web.namespace());
        ServerSocket squatter =
            web.namespace().call(() -> new ServerSocket(0, 1, cart.address(family)));
        Line line =
            Line.to(
                listener,
                Line.dialFrom(
                    squatter.getLocalPort(),
                    cart.namespace(),
                    web.address(family),
                    listener.getLocalPort()))) {
      line.say("from somewhere near");
      assertThat(line.server().getInetAddress()).isEqualTo(cart.address(family));
      assertThat(line.server().getPort()).isNotEqualTo(squatter.getLocalPort());
      assertThat(web.metric(FALLBACKS)).isEqualTo(before + 1);
      web.sidecar().await(squatter.getLocalPort() + " -> .* the app will see another source port");
    } finally {
      web.namespace().sysctl("net.ipv4.ip_nonlocal_bind", "0");
      web.namespace().sysctl("net.ipv6.ip_nonlocal_bind", "0");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "1", "2"})
  void reversePathFilteringMakesNoDifference(String mode) throws Exception {
    for (MeshedPod pod : List.of(cart, web)) {
      for (String device : List.of("all", "default", "lo", "eth0")) {
        pod.namespace().sysctl("net.ipv4.conf." + device + ".rp_filter", mode);
      }
    }
    try (Line line = Line.between(cart.namespace(), web.namespace(), web.address(Family.V4));
        Line plain =
            Line.between(
                cart.namespace(), mesh.wire().outside(), mesh.wire().internet(Family.V4))) {
      line.say("over");
      line.answer("and back");
      plain.say("out");
      plain.answer("and in");
    }
  }

  private int freePort() throws Exception {
    try (ServerSocket probe = Line.listen(cart.namespace())) {
      return probe.getLocalPort();
    }
  }
}
