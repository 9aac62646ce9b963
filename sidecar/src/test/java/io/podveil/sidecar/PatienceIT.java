package io.podveil.sidecar;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.podveil.sidecar.testbed.Bulk;
import io.podveil.sidecar.testbed.Family;
import io.podveil.sidecar.testbed.InBackground;
import io.podveil.sidecar.testbed.Line;
import io.podveil.sidecar.testbed.Mesh;
import io.podveil.sidecar.testbed.MeshedPod;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/** What takes time on the clock and nothing else; all of it at once. */
@Timeout(180)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class PatienceIT {
  /** Conntrack's own limits for a half-closed connection are 60 s. */
  private static final int LONG_SECONDS = 90;

  /** More than the watch for black holes waits, twice over. */
  private static final int STALL_SECONDS = 45;

  private static final Duration BLACK_HOLE_FOUND = Duration.ofSeconds(30);
  private static final long STALLED_BYTES = 64_000_000;
  private static final long MEGABYTE = 1_000_000;

  private Mesh mesh;
  private MeshedPod cart;
  private MeshedPod web;

  /** Goes dark in the course of the tests. */
  private MeshedPod lost;

  @BeforeAll
  void lay() {
    mesh = Mesh.lay();
    cart = mesh.pod("cart");
    web = mesh.pod("web");
    lost = mesh.pod("lost");
  }

  @AfterAll
  void close() {
    mesh.close();
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void aHalfClosedRequestIsAnsweredNinetySecondsLater() throws Exception {
    List<Line> lines = meshedAndPlain();
    lines.addAll(meshedAndPlain().stream().map(Line::reversed).toList());
    for (Line line : lines) {
      line.say("a question");
      line.client().shutdownOutput();
      assertThat(line.server().getInputStream().read()).isEqualTo(-1);
    }
    SECONDS.sleep(LONG_SECONDS);
    for (Line line : lines) {
      line.answer("thought about it for long");
      line.server().shutdownOutput();
      assertThat(line.client().getInputStream().read()).isEqualTo(-1);
      line.close();
    }
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void aSilentConnectionIsKept() throws Exception {
    List<Line> lines = meshedAndPlain();
    for (Line line : lines) {
      line.say("hello");
    }
    SECONDS.sleep(LONG_SECONDS);
    for (Line line : lines) {
      line.answer("still there?");
      line.say("yes");
      line.close();
    }
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void aReaderThatPausesGetsEverythingInTheEndAndCostsNoMemory() throws Exception {
    List<Line> lines = meshedAndPlain();
    lines.addAll(meshedAndPlain().stream().map(Line::reversed).toList());
    List<Future<Bulk>> sent = new ArrayList<>();
    long before = residentBytes(cart) + residentBytes(web);
    for (Line line : lines) {
      sent.add(InBackground.call(() -> send(line.client())));
    }
    SECONDS.sleep(STALL_SECONDS);
    long grown = residentBytes(cart) + residentBytes(web) - before;
    assertThat(sent).noneMatch(Future::isDone);
    assertThat(grown / MEGABYTE).as("megabytes more, both together").isLessThan(32);
    for (int i = 0; i < lines.size(); i++) {
      Bulk received = Bulk.receive(lines.get(i).server().getInputStream());
      assertThat(received).isEqualTo(sent.get(i).get(10, SECONDS));
      lines.get(i).close();
    }
  }

  @Test
  @Execution(ExecutionMode.CONCURRENT)
  void aPeerThatVanishedIsFoundWithinThirtySecondsOfSending() throws Exception {
    // Whole lines, closed at the end: a socket that nobody holds is closed by the collector, in
    // order.
    List<Line> lines = new ArrayList<>();
    for (Family family : Family.values()) {
      lines.add(open(cart, lost, family));
      lines.add(open(lost, cart, family).reversed());
      lines.add(plain(lost, family));
    }
    mesh.wire().silence(lost.pod());
    long start = System.nanoTime();
    for (Line line : lines) {
      line.client().getOutputStream().write('?');
    }
    for (Line line : lines) {
      Line.assertReset(line.client());
    }
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(BLACK_HOLE_FOUND);
    cart.sidecar().await("cut off by peer: .* acknowledged nothing");
    for (Line line : lines) {
      line.close();
    }
  }

  private Bulk send(Socket socket) throws IOException {
    OutputStream to = socket.getOutputStream();
    Bulk sent = Bulk.send(STALLED_BYTES, to);
    socket.shutdownOutput();
    return sent;
  }

  private List<Line> meshedAndPlain() throws Exception {
    List<Line> lines = new ArrayList<>();
    for (Family family : Family.values()) {
      lines.add(open(cart, web, family));
      lines.add(plain(cart, family));
    }
    return lines;
  }

  private static Line open(MeshedPod from, MeshedPod to, Family family) throws Exception {
    return Line.between(from.namespace(), to.namespace(), to.address(family));
  }

  private Line plain(MeshedPod from, Family family) throws Exception {
    return Line.between(from.namespace(), mesh.wire().outside(), mesh.wire().internet(family));
  }

  private static long residentBytes(MeshedPod pod) throws IOException {
    return Files.readAllLines(Path.of("/proc/" + pod.sidecar().pid() + "/status")).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
        .sum();
  }
}
