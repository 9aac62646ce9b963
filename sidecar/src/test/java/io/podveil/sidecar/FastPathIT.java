package io.podveil.sidecar;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.podveil.sidecar.testbed.Bulk;
import io.podveil.sidecar.testbed.Family;
import io.podveil.sidecar.testbed.Flood;
import io.podveil.sidecar.testbed.Forger;
import io.podveil.sidecar.testbed.InBackground;
import io.podveil.sidecar.testbed.Line;
import io.podveil.sidecar.testbed.Mesh;
import io.podveil.sidecar.testbed.MeshedPod;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Connections that have talked for a while, and whose bytes go past the pipelines: whatever happens
 * then looks as it does on any other.
 */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class FastPathIT {
  private static final int MEGABYTE = 1 << 20;

  private Mesh mesh;
  private MeshedPod cart;
  private MeshedPod web;

  @BeforeAll
  void lay() {
    mesh = Mesh.lay();
    cart = mesh.pod("cart");
    web = mesh.pod("web", "--drain=3s");
  }

  @AfterAll
  void close() {
    mesh.close();
  }

  /** Whatever happened, no sidecar goes on holding a connection that is none. */
  @AfterEach
  void nothingStaysBehind() {
    await()
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(() -> {
          for (MeshedPod pod : List.of(cart, web)) {
            assertThat(pod.metric("podveil_connections_open{direction=\"egress\"}")).isZero();
            assertThat(pod.metric("podveil_connections_open{direction=\"ingress\"}")).isZero();
          }
        });
  }

  @ParameterizedTest
  @EnumSource
  void eachDirectionEndsByItself(Family family) throws Exception {
    for (Line each : bothWays(family)) {
      try (Line line = each) {
        line.say("all I have to say");
        line.client().shutdownOutput();
        assertThat(line.server().getInputStream().read()).isEqualTo(-1);
        line.answer("not so here");
        line.answer("and more");
        line.server().shutdownOutput();
        assertThat(line.client().getInputStream().read()).isEqualTo(-1);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void theLastWordsComeWithTheEnd(Family family) throws Exception {
    for (Line each : bothWays(family)) {
      try (Line line = each) {
        line.client().getOutputStream().write("goodbye".getBytes(UTF_8));
        line.client().shutdownOutput();
        assertThat(line.server().getInputStream().readAllBytes()).asString().isEqualTo("goodbye");
        line.server().getOutputStream().write("so long".getBytes(UTF_8));
        line.server().close();
        assertThat(line.client().getInputStream().readAllBytes()).asString().isEqualTo("so long");
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void bothDirectionsCarryMuchAtOnceAndLoseNothing(Family family) throws Exception {
    long much = 64L * MEGABYTE + 1;
    try (Line line = settled(family)) {
      Future<Bulk> up = InBackground.call(() -> sendAll(line.client(), much));
      Future<Bulk> down = InBackground.call(() -> sendAll(line.server(), much + 1));
      Future<Bulk> atServer = InBackground.call(() -> Bulk.receive(line.server().getInputStream()));
      assertThat(Bulk.receive(line.client().getInputStream())).isEqualTo(down.get());
      assertThat(atServer.get(60, TimeUnit.SECONDS)).isEqualTo(up.get());
    }
  }

  @Test
  void whatAReaderLeftLyingIsAllThereWhenItGoesOn() throws Exception {
    for (Line each : bothWays(Family.V4)) {
      try (Line line = each) {
        Future<Bulk> sent = InBackground.call(() -> sendAll(line.client(), 48L * MEGABYTE));
        // The other direction goes on while this one stands still.
        for (int i = 0; i < 20; i++) {
          line.answer("still there? " + i);
          TimeUnit.MILLISECONDS.sleep(50);
        }
        assertThat(sent.isDone()).isFalse();
        assertThat(Bulk.receive(line.server().getInputStream())).isEqualTo(sent.get());
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void aResetIsAReset(Family family) throws Exception {
    for (Line each : bothWays(family)) {
      try (Line line = each) {
        Line.reset(line.client());
        Line.assertReset(line.server());
      }
    }
    cart.sidecar().await("cut off by app: connection reset");
    web.sidecar().await("cut off by app: connection reset");
  }

  @Test
  void aReaderThatHadEnoughStopsTheWriter() throws Exception {
    for (Line each : bothWays(Family.V6)) {
      try (Line line = each) {
        Flood flood = Flood.untilStuck(line.client());
        Line.reset(line.server());
        assertThat(flood.broken()).hasMessageMatching(".*(reset|Broken pipe).*");
      }
    }
  }

  @Test
  void aWriterThatCrashesWhileItsReaderPausesIsNoEndOfStream() throws Exception {
    for (Line each : bothWays(Family.V6)) {
      try (Line line = each) {
        Flood flood = Flood.untilStuck(line.client());
        Line.reset(line.client());
        flood.broken();
        Line.assertReset(line.server());
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void aForgedEndIsAResetAtEitherSide(Forger.Flag flag) throws Exception {
    try (Forger forger = Forger.facing(cart.pod(), mesh.wire());
        Line line = settled(Family.V4)) {
      forger.inject(flag, line.server().getLocalPort());
      Line.assertReset(line.client());
      Line.assertResetWhileWriting(line.server());
    }
    try (Forger forger = Forger.facing(web.pod(), mesh.wire());
        Line line = settled(Family.V6)) {
      forger.inject(flag, line.server().getLocalPort());
      Line.assertReset(line.server());
      Line.assertResetWhileWriting(line.client());
    }
  }

  @Test
  void theTlsConnectionCarriesTheNextOneAfterwards() throws Exception {
    double before = web.metric("podveil_reused_total{direction=\"ingress\"}");
    try (var app = Line.listen(web.namespace())) {
      for (int i = 0; i < 3; i++) {
        Socket client = Line.dial(cart.namespace(), web.address(Family.V4), app.getLocalPort());
        try (Line line = Line.to(app, client)) {
          settle(line);
          line.client().shutdownOutput();
          assertThat(line.server().getInputStream().read()).isEqualTo(-1);
          line.server().close();
          assertThat(line.client().getInputStream().read()).isEqualTo(-1);
        }
        nothingStaysBehind();
      }
    }
    assertThat(web.metric("podveil_reused_total{direction=\"ingress\"}")).isEqualTo(before + 2);
  }

  @Test
  void aDrainLetsItFinishAndCutsItOffWhenTheTimeIsUp() throws Exception {
    try (Line patient = settled(Family.V4);
        Line endless = settled(Family.V6)) {
      web.sidecar().signal("TERM");
      patient.say("a last question");
      patient.answer("a last answer");
      patient.client().shutdownOutput();
      assertThat(patient.server().getInputStream().read()).isEqualTo(-1);
      patient.server().shutdownOutput();
      assertThat(patient.client().getInputStream().read()).isEqualTo(-1);
      Line.assertReset(endless.client());
      Line.assertReset(endless.server());
    }
    assertThat(web.sidecar().exit()).isZero();
    web.startWithoutCapture();
  }

  @Test
  void killedItIsAResetForBoth() throws Exception {
    try (Line line = settled(Family.V4)) {
      web.sidecar().signal("KILL");
      web.sidecar().exit();
      Line.assertReset(line.client());
      Line.assertReset(line.server());
    }
    web.startWithoutCapture();
  }

  private static Bulk sendAll(Socket from, long bytes) throws IOException {
    Bulk sent = Bulk.send(bytes, from.getOutputStream());
    from.shutdownOutput();
    return sent;
  }

  /** The same for the side that dialled and the side that was dialled. */
  private List<Line> bothWays(Family family) throws Exception {
    return List.of(settled(family), settled(family).reversed());
  }

  private Line settled(Family family) throws Exception {
    Line line = Line.between(cart.namespace(), web.namespace(), web.address(family));
    settle(line);
    return line;
  }

  /** Talks until both sidecars have taken to the fast path. */
  private void settle(Line line) throws Exception {
    int port = line.client().getLocalPort();
    await()
        .untilAsserted(() -> {
          line.say("and?");
          line.answer("well");
          assertThat(List.of(path(cart, port), path(web, port))).containsOnly("fast");
        });
  }

  private static String path(MeshedPod pod, int clientPort) {
    return new JsonObject(pod.get("/state"))
        .getJsonArray("connections").stream()
            .map(JsonObject.class::cast)
            .filter(connection -> connection.getString("client").endsWith(":" + clientPort))
            .map(connection -> connection.getString("path"))
            .findFirst()
            .orElse("none");
  }
}
