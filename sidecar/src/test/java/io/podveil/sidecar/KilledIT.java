package io.podveil.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import io.podveil.sidecar.testbed.Family;
import io.podveil.sidecar.testbed.Line;
import io.podveil.sidecar.testbed.Mesh;
import io.podveil.sidecar.testbed.MeshedPod;
import io.podveil.sidecar.testbed.Namespace;
import java.net.InetAddress;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A sidecar that is killed outright leaves its sockets to the kernel: what was cut off must not
 * look complete to any app, and what had ended in order must not suffer from that.
 */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class KilledIT {
  /** More than an app reads at once, less than the kernel's buffers hold. */
  private static final int QUEUED = 256 * 1024;

  private Mesh mesh;
  private MeshedPod cart;
  private MeshedPod web;

  @BeforeAll
  void lay() {
    mesh = Mesh.lay();
    cart = mesh.pod("cart");
    web = mesh.pod("web", "--inbound=permissive");
  }

  @AfterAll
  void close() {
    mesh.close();
  }

  @ParameterizedTest
  @EnumSource
  void theClientsSidecarKilledIsAResetForBoth(Family family) throws Exception {
    try (Line line = between(cart.namespace(), web, family);
        Line halfClosed = between(cart.namespace(), web, family)) {
      line.say("so far");
      line.answer("so good");
      halfClosed.client().shutdownOutput();
      assertThat(halfClosed.server().getInputStream().read()).isEqualTo(-1);
      halfClosed.answer("half of the ans");
      kill(cart);
      Line.assertReset(line.client());
      Line.assertReset(line.server());
      Line.assertReset(halfClosed.client());
      Line.assertResetWhileWriting(halfClosed.server());
    }
    cart.startWithoutCapture();
  }

  @ParameterizedTest
  @EnumSource
  void theServersSidecarKilledIsAResetForBoth(Family family) throws Exception {
    try (Line line = between(cart.namespace(), web, family);
        Line plain = between(mesh.wire().outside(), web, family)) {
      line.say("so far");
      plain.say("without a sidecar");
      kill(web);
      Line.assertReset(line.server());
      Line.assertReset(line.client());
      Line.assertReset(plain.server());
      Line.assertReset(plain.client());
    }
    web.startWithoutCapture();
  }

  @Test
  void splicedConnectionsToTheInternetAreNoException() throws Exception {
    InetAddress internet = mesh.wire().internet(Family.V4);
    try (Line line = Line.between(cart.namespace(), mesh.wire().outside(), internet)) {
      line.say("so far");
      kill(cart);
      Line.assertReset(line.client());
      Line.assertReset(line.server());
    }
    cart.startWithoutCapture();
  }

  @ParameterizedTest
  @EnumSource
  void whatIsStillQueuedAfterAnOrderlyEndArrives(Family family) throws Exception {
    deliversWhatIsQueued(between(cart.namespace(), web, family), "mtls");
    deliversWhatIsQueued(between(cart.namespace(), web, family).reversed(), "mtls");
    InetAddress internet = mesh.wire().internet(family);
    deliversWhatIsQueued(Line.between(cart.namespace(), mesh.wire().outside(), internet), "plain");
  }

  /** Everything has ended, and both sidecars have closed, before the client reads a byte. */
  private void deliversWhatIsQueued(Line opened, String protocol) throws Exception {
    byte[] answer = new byte[QUEUED];
    new Random(1).nextBytes(answer);
    try (Line line = opened) {
      line.client().shutdownOutput();
      assertThat(line.server().getInputStream().read()).isEqualTo(-1);
      line.server().getOutputStream().write(answer);
      line.server().close();
      cart.sidecar()
          .await(
              "egress .*:(%d|%d) .*%s.* (262kB up 0B|0B up 262kB) down"
                  .formatted(line.client().getPort(), line.client().getLocalPort(), protocol));
      assertThat(line.client().getInputStream().readAllBytes()).isEqualTo(answer);
    }
  }

  private static void kill(MeshedPod pod) throws Exception {
    pod.sidecar().signal("KILL");
    pod.sidecar().exit();
  }

  private static Line between(Namespace from, MeshedPod to, Family family) throws Exception {
    return Line.between(from, to.namespace(), to.address(family));
  }
}
