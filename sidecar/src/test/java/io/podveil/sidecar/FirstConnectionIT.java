package io.podveil.sidecar;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.podveil.sidecar.testbed.Family;
import io.podveil.sidecar.testbed.Mesh;
import io.podveil.sidecar.testbed.MeshedPod;
import io.podveil.sidecar.testbed.PacketCapture;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** One connection, all the way. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class FirstConnectionIT {
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
  void theAppSeesTheClientsOwnAddressAndPortAndTheWireNoPlaintext(Family family) throws Exception {
    try (ServerSocket listener = web.namespace().call(() -> new ServerSocket(8000, 5));
        PacketCapture capture = PacketCapture.of(cart.pod());
        Socket client = cart.namespace().call(() -> new Socket(web.address(family), 8000))) {
      client.getOutputStream().write("a request nobody else may read".getBytes(UTF_8));
      try (Socket accepted = listener.accept()) {
        assertThat(accepted.getRemoteSocketAddress())
            .isEqualTo(new InetSocketAddress(cart.address(family), client.getLocalPort()));
        assertThat(accepted.getInputStream().readNBytes(30))
            .isEqualTo("a request nobody else may read".getBytes(UTF_8));
        accepted.getOutputStream().write("an answer".getBytes(UTF_8));
        accepted.shutdownOutput();
        assertThat(client.getInputStream().readAllBytes()).isEqualTo("an answer".getBytes(UTF_8));
      }
      client.shutdownOutput();
      cart.sidecar()
          .await("egress .* as ns/shop/sa/cart to ns/shop/sa/web mtls TLSv1.3 30B up 9B down");
      web.sidecar()
          .await("ingress .* as ns/shop/sa/web from ns/shop/sa/cart mtls TLSv1.3 30B up 9B down");
      assertThat(capture.stop().bytes()).isNotEmpty();
      assertThat(capture.contains("nobody else")).isFalse();
    }
  }

  @Test
  void bothSidecarsAreReady() {
    assertThat(cart.get("/readyz")).isEqualTo("ready\n");
    assertThat(web.get("/readyz")).isEqualTo("ready\n");
  }
}
