package io.podveil.sidecar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.podveil.sidecar.testbed.Bulk;
import io.podveil.sidecar.testbed.Family;
import io.podveil.sidecar.testbed.Flood;
import io.podveil.sidecar.testbed.InBackground;
import io.podveil.sidecar.testbed.Line;
import io.podveil.sidecar.testbed.Mesh;
import io.podveil.sidecar.testbed.MeshedPod;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** To destinations outside of the mesh everything goes as it is: spliced in the kernel. */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class PassthroughIT {
  private static final long STREAM_BYTES = 256_000_001;

  /** Empty pipes that are kept for the next connection, two descriptors each. */
  private static final int KEPT_PIPES = 2 * 16;

  private Mesh mesh;
  private MeshedPod cart;
  private long descriptors;

  @BeforeAll
  void lay() throws Exception {
    mesh = Mesh.lay();
    cart = mesh.pod("cart", "--log-format=json");
    try (Line line = open(Family.V4)) {
      line.say("first connections load classes, which may open files");
    }
  }

  @AfterAll
  void close() {
    mesh.close();
  }

  @BeforeEach
  void countDescriptors() {
    awaitNothingOpen();
    descriptors = cart.descriptors();
  }

  @AfterEach
  void noDescriptorIsLeft() {
    awaitNothingOpen();
    await()
        .untilAsserted(
            () -> assertThat(cart.descriptors()).isLessThanOrEqualTo(descriptors + KEPT_PIPES));
  }

  private void awaitNothingOpen() {
    await()
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(() ->
            assertThat(cart.metric("podveil_connections_open{direction=\"egress\"}")).isZero());
  }

  @ParameterizedTest
  @EnumSource
  void bytesAndBothEndsArrive(Family family) throws Exception {
    for (Line each : new Line[] {open(family), open(family).reversed()}) {
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
    cart.sidecar().await("\"protocol\":\"plain\",\"up\":17,\"down\":19,.*\"completed\"");
    cart.sidecar().await("\"protocol\":\"plain\",\"up\":19,\"down\":17,.*\"completed\"");
  }

  @ParameterizedTest
  @EnumSource
  void aServerMaySpeakFirst(Family family) throws Exception {
    try (Line line = open(family)) {
      line.answer("220 ready when you are");
      line.say("QUIT");
    }
  }

  @ParameterizedTest
  @EnumSource
  void aResetOfEitherSideIsAReset(Family family) throws Exception {
    for (Line each : bothWays(family)) {
      try (Line line = each) {
        line.say("before");
        line.answer("before");
        Line.reset(line.client());
        Line.assertReset(line.server());
      }
    }
    cart.sidecar().await("\"outcome\":\"aborted_by_app\"");
    cart.sidecar().await("\"outcome\":\"aborted_by_peer\"");
  }

  @Test
  void aResetOfEitherSideIsAResetWhileTheOtherDoesNotRead() throws Exception {
    for (Line each : bothWays(Family.V4)) {
      try (Line line = each) {
        Flood flood = Flood.untilStuck(line.client());
        Line.reset(line.client());
        flood.broken();
        Line.assertReset(line.server());
      }
    }
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
  void aResetAfterAnEndOfStreamIsAReset() throws Exception {
    for (Line each : bothWays(Family.V4)) {
      try (Line line = each) {
        line.client().shutdownOutput();
        assertThat(line.server().getInputStream().read()).isEqualTo(-1);
        Line.reset(line.server());
        Line.assertReset(line.client());
      }
    }
    for (Line each : bothWays(Family.V6)) {
      try (Line line = each) {
        line.client().shutdownOutput();
        assertThat(line.server().getInputStream().read()).isEqualTo(-1);
        Line.reset(line.client());
        Line.assertResetWhileWriting(line.server());
      }
    }
  }

  /** The end is announced while most of the bytes still wait to be read. */
  @ParameterizedTest
  @EnumSource
  void whatWasSentJustBeforeTheEndArrives(Family family) throws Exception {
    for (Line each : bothWays(family)) {
      try (Line line = each) {
        Future<Bulk> sent = InBackground.call(() -> send(line.client(), 3_000_000));
        Thread.sleep(1_000); // The reader is late on purpose.
        assertThat(Bulk.receive(line.server().getInputStream())).isEqualTo(sent.get());
        line.answer("got it all");
      }
    }
  }

  @Test
  void clientsThatSendAndEndBeforeTheServerIsDialledLoseNothing() throws Exception {
    for (int i = 0; i < 50; i++) {
      try (ServerSocket listener = Line.listen(mesh.wire().outside());
          Socket client =
              Line.dial(
                  cart.namespace(), mesh.wire().internet(Family.V4), listener.getLocalPort())) {
        Bulk sent = send(client, 50_000);
        try (Line line = Line.to(listener, client)) {
          assertThat(Bulk.receive(line.server().getInputStream())).isEqualTo(sent);
          line.answer("got it all");
        }
      }
    }
  }

  @Test
  void longStreamsInBothDirectionsAtOnceArriveWhole() throws Exception {
    try (Line line = open(Family.V6)) {
      Future<Bulk> up = InBackground.call(() -> send(line.client(), STREAM_BYTES));
      Future<Bulk> down = InBackground.call(() -> send(line.server(), STREAM_BYTES - 7));
      Future<Bulk> atClient = InBackground.call(() -> Bulk.receive(line.client().getInputStream()));
      assertThat(Bulk.receive(line.server().getInputStream())).isEqualTo(up.get());
      assertThat(atClient.get()).isEqualTo(down.get());
    }
    cart.sidecar().await("\"up\":%d,\"down\":%d,".formatted(STREAM_BYTES, STREAM_BYTES - 7));
  }

  @ParameterizedTest
  @EnumSource
  void hundredsAtOnceKeepToThemselves(Family family) throws Exception {
    List<Line> lines = new ArrayList<>();
    try (ServerSocket listener = Line.listen(mesh.wire().outside())) {
      for (int i = 0; i < 300; i++) {
        lines.add(
            Line.to(
                listener,
                Line.dial(
                    cart.namespace(), mesh.wire().internet(family), listener.getLocalPort())));
      }
      for (Line line : lines) {
        line.say("I am " + line.client().getLocalPort());
      }
      for (Line line : lines) {
        line.answer("hello " + line.client().getLocalPort());
        line.client().shutdownOutput();
      }
    } finally {
      for (Line line : lines) {
        line.close();
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void aPortWithoutAServerIsAReset(Family family) throws Exception {
    int port;
    try (ServerSocket probe = Line.listen(mesh.wire().outside())) {
      port = probe.getLocalPort();
    }
    try (Socket client = Line.dial(cart.namespace(), mesh.wire().internet(family), port)) {
      Line.assertReset(client);
    }
    cart.sidecar().await(port + "\".*refused_unreachable.*connection refused");
  }

  private static Bulk send(Socket socket, long bytes) throws Exception {
    Bulk sent = Bulk.send(bytes, socket.getOutputStream());
    socket.shutdownOutput();
    return sent;
  }

  private Line open(Family family) throws Exception {
    return Line.between(cart.namespace(), mesh.wire().outside(), mesh.wire().internet(family));
  }

  private List<Line> bothWays(Family family) throws Exception {
    return List.of(open(family), open(family).reversed());
  }
}
