package io.podveil.sidecar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.podveil.sidecar.testbed.Family;
import io.podveil.sidecar.testbed.InBackground;
import io.podveil.sidecar.testbed.Mesh;
import io.podveil.sidecar.testbed.MeshedPod;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** Ten thousand connections later everything is as it was. */
@Timeout(900)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ShortConnectionsIT {
  /** PODVEIL_SHORT_CONNECTIONS sets more, such as a hundred thousand, which takes minutes. */
  private static final int CONNECTIONS =
      Integer.parseInt(
          Objects.requireNonNullElse(System.getenv("PODVEIL_SHORT_CONNECTIONS"), "10000"));

  private static final int AT_ONCE = 16;

  /** Thirty-two for each of the two addresses. */
  private static final int KEPT_IDLE = 64;

  /** Every so many connections one is reset instead of ended, as happens in life. */
  private static final int RESETS = 50;

  private Mesh mesh;
  private MeshedPod cart;
  private MeshedPod web;

  @BeforeAll
  void lay() {
    mesh = Mesh.lay();
    cart = mesh.pod("cart");
    web = mesh.pod("web");
    // Each connection leaves a port in TIME_WAIT behind, and there are but so many.
    cart.namespace().run("sysctl", "-qw", "net.ipv4.tcp_tw_reuse=1");
    cart.namespace().run("sysctl", "-qw", "net.ipv4.ip_local_port_range=1024 65535");
  }

  /** Also fails if a buffer leaked: the sidecars run with Netty's leak detector. */
  @AfterAll
  void close() {
    mesh.close();
  }

  @Test
  void leaveNeitherDescriptorsNorBuffersBehind() throws Exception {
    try (ServerSocket listener = web.namespace().call(() -> new ServerSocket(0, 1024))) {
      for (int i = 0; i < 2 * AT_ONCE; i++) {
        InBackground.call(() -> echo(listener));
      }
      connect(listener.getLocalPort(), 200);
      long cartBefore = settled(cart);
      long webBefore = settled(web);
      connect(listener.getLocalPort(), CONNECTIONS);
      assertThat(settled(cart)).isLessThanOrEqualTo(cartBefore + KEPT_IDLE);
      assertThat(settled(web)).isLessThanOrEqualTo(webBefore + KEPT_IDLE);
      // What leaked shows when the collector finds it and the next buffers are taken.
      collectGarbage(cart);
      collectGarbage(web);
      connect(listener.getLocalPort(), 200);
      settled(cart);
      settled(web);
    }
  }

  private void connect(int port, int count) throws Exception {
    List<Future<Integer>> clients = new ArrayList<>();
    for (int i = 0; i < AT_ONCE; i++) {
      InetAddress address = web.address(i % 2 == 0 ? Family.V4 : Family.V6);
      clients.add(
          InBackground.call(
              () -> cart.namespace().call(() -> askInTurn(address, port, count / AT_ONCE + 1))));
    }
    for (Future<Integer> client : clients) {
      assertThat(client.get(800, TimeUnit.SECONDS)).isGreaterThanOrEqualTo(count / AT_ONCE);
    }
  }

  private static int askInTurn(InetAddress address, int port, int count) throws IOException {
    for (int i = 1; i <= count; i++) {
      try (Socket client = new Socket(address, port)) {
        client.setSoTimeout(30_000);
        client.getOutputStream().write(i);
        assertThat(client.getInputStream().read()).isEqualTo(i & 0xff);
        if (i % RESETS == 0) {
          client.setSoLinger(true, 0);
        } else {
          client.shutdownOutput();
          assertThat(client.getInputStream().read()).isEqualTo(-1);
        }
      }
    }
    return count;
  }

  /** Answers one after another until the listener is closed. */
  private static Void echo(ServerSocket listener) throws IOException {
    while (true) {
      try (Socket server = listener.accept()) {
        server.setSoTimeout(30_000);
        sendBack(server);
      }
    }
  }

  private static void sendBack(Socket server) {
    try {
      server.getInputStream().transferTo(server.getOutputStream());
    } catch (IOException reset) {
      // Some clients do, as they were told to.
      return;
    }
  }

  /** How many descriptors are open once no connection is. */
  private static long settled(MeshedPod pod) {
    await()
        .atMost(Duration.ofSeconds(30))
        .untilAsserted(() -> {
          assertThat(pod.metric("podveil_connections_open{direction=\"egress\"}")).isZero();
          assertThat(pod.metric("podveil_connections_open{direction=\"ingress\"}")).isZero();
        });
    long[] seen = {Long.MAX_VALUE};
    await()
        .pollInterval(Duration.ofSeconds(1))
        .until(() -> {
          long before = seen[0];
          seen[0] = pod.descriptors();
          return seen[0] == before;
        });
    return seen[0];
  }

  private static void collectGarbage(MeshedPod pod) throws Exception {
    String jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
    String pid = Long.toString(pod.sidecar().pid());
    Process process = new ProcessBuilder(jcmd, pid, "GC.run").start();
    assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
  }
}
