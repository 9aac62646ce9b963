package io.podveil.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import io.podveil.sidecar.testbed.Bulk;
import io.podveil.sidecar.testbed.Family;
import io.podveil.sidecar.testbed.InBackground;
import io.podveil.sidecar.testbed.Line;
import io.podveil.sidecar.testbed.Mesh;
import io.podveil.sidecar.testbed.MeshedPod;
import java.net.Socket;
import java.util.Optional;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What goes in comes out, in either direction, however it was cut, and as much as there is. */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class StreamIT {
  /** {@code PODVEIL_STREAM_BYTES=10737418240} is the size that a release is tried with. */
  private static final long STREAM_BYTES =
      Optional.ofNullable(System.getenv("PODVEIL_STREAM_BYTES"))
          .map(Long::parseLong)
          .orElse(1L << 30);

  private static final int SMALL_WRITES = 20_000;

  private Mesh mesh;
  private MeshedPod cart;
  private MeshedPod web;

  @BeforeAll
  void lay() {
    mesh = Mesh.lay();
    cart = mesh.pod("cart", "--log-format=json");
    web = mesh.pod("web", "--log-format=json");
  }

  @AfterAll
  void close() {
    mesh.close();
  }

  @ParameterizedTest
  @EnumSource
  void aServerMaySpeakFirst(Family family) throws Exception {
    try (Line line = open(family)) {
      line.answer("220 ready when you are");
      line.say("EHLO");
      line.answer("250 go on");
    }
  }

  @ParameterizedTest
  @EnumSource
  void eachDirectionEndsByItself(Family family) throws Exception {
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
  }

  @ParameterizedTest
  @EnumSource
  void writesOfOneByteAllArriveInOrder(Family family) throws Exception {
    try (Line line = open(family)) {
      Future<Bulk> up = InBackground.call(() -> sendByteByByte(line.client()));
      Future<Bulk> down = InBackground.call(() -> sendByteByByte(line.server()));
      Future<Bulk> atClient = InBackground.call(() -> Bulk.receive(line.client().getInputStream()));
      assertThat(Bulk.receive(line.server().getInputStream())).isEqualTo(up.get());
      assertThat(atClient.get(20, TimeUnit.SECONDS)).isEqualTo(down.get());
      assertThat(up.get().bytes()).isEqualTo(SMALL_WRITES);
    }
  }

  @Test
  @Timeout(value = 60, unit = TimeUnit.MINUTES)
  void longStreamsInBothDirectionsAtOnceArriveWhole() throws Exception {
    long bytes = STREAM_BYTES / 2 + 1;
    try (Line line = open(Family.V4)) {
      Future<Bulk> up = InBackground.call(() -> send(line.client(), bytes));
      Future<Bulk> down = InBackground.call(() -> send(line.server(), bytes - 7));
      Future<Bulk> atClient = InBackground.call(() -> Bulk.receive(line.client().getInputStream()));
      assertThat(Bulk.receive(line.server().getInputStream())).isEqualTo(up.get());
      assertThat(atClient.get()).isEqualTo(down.get());
    }
    String counted = "\"up\":%d,\"down\":%d,".formatted(bytes, bytes - 7);
    cart.sidecar().await("egress.*" + counted);
    web.sidecar().await("ingress.*" + counted);
  }

  private static Bulk send(Socket socket, long bytes) throws Exception {
    Bulk sent = Bulk.send(bytes, socket.getOutputStream());
    socket.shutdownOutput();
    return sent;
  }

  private static Bulk sendByteByByte(Socket socket) throws Exception {
    Bulk sent =
        Bulk.send(
            SMALL_WRITES,
            new java.io.FilterOutputStream(socket.getOutputStream())); // writes one at a time
    socket.shutdownOutput();
    return sent;
  }

  private Line open(Family family) throws Exception {
    return Line.between(cart.namespace(), web.namespace(), web.address(family));
  }
}
