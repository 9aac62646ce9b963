package io.podveil.sidecar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.podveil.sidecar.testbed.Echo;
import io.podveil.sidecar.testbed.Family;
import io.podveil.sidecar.testbed.Load;
import io.podveil.sidecar.testbed.Mesh;
import io.podveil.sidecar.testbed.MeshedPod;
import io.podveil.sidecar.testbed.PacketCapture;
import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** How a sidecar ends: in order, by force, and without being asked. */
@Timeout(90)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ShutdownIT {
  private Mesh mesh;
  private MeshedPod cart;
  private MeshedPod web;
  private MeshedPod hasty;
  private Echo app;
  private Echo hastyApp;

  @BeforeAll
  void lay() throws Exception {
    mesh = Mesh.lay();
    cart = mesh.pod("cart");
    web = mesh.pod("web", "--drain=30s");
    hasty = mesh.pod("hasty", "--drain=1s");
    app = Echo.in(web.namespace());
    hastyApp = Echo.in(hasty.namespace());
  }

  @AfterAll
  void close() throws IOException {
    app.close();
    hastyApp.close();
    mesh.close();
  }

  @Test
  void aLiveConnectionFinishesAndNoNewOneIsAccepted() throws Exception {
    try (Socket live = Echo.dial(cart.namespace(), web.address(Family.V4))) {
      Echo.converse(live, "before");
      web.sidecar().signal("TERM");
      await()
          .untilAsserted(
              () -> assertThat(web.get("/readyz")).startsWith("not ready: shutting down"));
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(() -> Echo.ask(cart.namespace(), web.address(Family.V4), "too late"));
      Echo.converse(live, "still there");
      assertThat(web.sidecar().isAlive()).isTrue();
      live.shutdownOutput();
      assertThat(live.getInputStream().read()).isEqualTo(-1);
    }
    assertThat(web.sidecar().exit()).isZero();
    web.sidecar().await("ingress .* mtls TLSv1.3 17B up 17B down");
    web.startWithoutCapture();
  }

  @Test
  void whatIsLeftWhenTheTimeIsUpIsCutOff() throws Exception {
    try (Socket live = Echo.dial(cart.namespace(), hasty.address(Family.V6))) {
      Echo.converse(live, "before");
      long start = System.nanoTime();
      hasty.sidecar().signal("TERM");
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(() -> live.getInputStream().read())
          .withMessageContaining("reset");
      assertThat(hasty.sidecar().exit()).isZero();
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
      hasty.sidecar().await("ingress .* 6B up 6B down .* cut off by sidecar: ");
    }
    hasty.startWithoutCapture();
  }

  @Test
  void killedUnderLoadNothingLeavesInPlaintextAndARestartNeedsNoNewRules() throws Exception {
    String secret = "nobody else may read this";
    try (PacketCapture ofCart = PacketCapture.of(cart.pod());
        PacketCapture ofWeb = PacketCapture.of(web.pod())) {
      try (Load v4 = Load.on(cart.namespace(), web.address(Family.V4), secret, 25);
          Load v6 = Load.on(cart.namespace(), web.address(Family.V6), secret, 25);
          Socket live = Echo.dial(cart.namespace(), web.address(Family.V4))) {
        await().until(() -> v4.succeeded() > 10 && v6.succeeded() > 10);
        Echo.converse(live, secret);

        cart.sidecar().signal("KILL");
        cart.sidecar().exit();
        assertThatExceptionOfType(IOException.class).isThrownBy(() -> Echo.converse(live, secret));
        awaitFailures(v4, v6);
        cart.startWithoutCapture();
        awaitSuccesses(v4, v6);

        web.sidecar().signal("KILL");
        web.sidecar().exit();
        awaitFailures(v4, v6);
        web.startWithoutCapture();
        awaitSuccesses(v4, v6);
      }
      for (PacketCapture capture : new PacketCapture[] {ofCart, ofWeb}) {
        assertThat(capture.stop().bytes()).hasSizeGreaterThan(10_000);
        assertThat(capture.contains("nobody else")).isFalse();
      }
    }
    assertThat(cart.get("/readyz")).isEqualTo("ready\n");
    assertThat(web.get("/readyz")).isEqualTo("ready\n");
  }

  private static void awaitFailures(Load... loads) {
    for (Load load : loads) {
      int before = load.failures().size();
      await().atMost(Duration.ofSeconds(20)).until(() -> load.failures().size() > before + 20);
    }
  }

  private static void awaitSuccesses(Load... loads) {
    for (Load load : loads) {
      int before = load.succeeded();
      await().atMost(Duration.ofSeconds(20)).until(() -> load.succeeded() > before + 10);
    }
  }
}
