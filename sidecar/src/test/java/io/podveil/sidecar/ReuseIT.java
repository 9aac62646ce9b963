package io.podveil.sidecar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.podveil.sidecar.testbed.Echo;
import io.podveil.sidecar.testbed.Family;
import io.podveil.sidecar.testbed.ForeignSidecar;
import io.podveil.sidecar.testbed.Issued;
import io.podveil.sidecar.testbed.Line;
import io.podveil.sidecar.testbed.Load;
import io.podveil.sidecar.testbed.Mesh;
import io.podveil.sidecar.testbed.MeshedPod;
import io.podveil.sidecar.testbed.Pod;
import io.podveil.sidecar.wire.Accept;
import io.podveil.sidecar.wire.StreamSignal;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One TLS connection, one app connection after another: and when not. */
@Timeout(120)
final class ReuseIT {
  private Mesh mesh;
  private MeshedPod cart;
  private MeshedPod web;
  private ServerSocket app;

  @BeforeEach
  void lay() throws Exception {
    mesh = Mesh.lay();
    cart = mesh.pod("cart");
    web = mesh.pod("web");
    app = Line.listen(web.namespace());
  }

  @AfterEach
  void close() throws IOException {
    app.close();
    mesh.close();
  }

  @Test
  void theNextConnectionNeedsNoHandshake() throws Exception {
    converse(app);
    converse(app);
    converse(app);

    assertReused(2);
    assertThat(handshakes()).isEqualTo(1);
  }

  @Test
  void whatFollowsIsLoggedAsWhatItIs() throws Exception {
    converse(app);
    int port = converse(app);

    cart.sidecar().await("egress .*:" + port + " -> .* to ns/shop/sa/web mtls TLSv1.3 5B up 5B");
    web.sidecar().await("ingress .*:" + port + " -> .* from ns/shop/sa/cart mtls TLSv1.3 5B up 5B");
  }

  @Test
  void anotherPortIsAnotherDestination() throws Exception {
    converse(app);
    try (ServerSocket other = Line.listen(web.namespace())) {
      converse(other);
    }

    assertReused(0);
  }

  @Test
  void whatBrokeIsNotUsedAgain() throws Exception {
    try (Line line = line()) {
      line.say("hello");
      Line.reset(line.client());
      Line.assertReset(line.server());
    }
    converse(app);

    assertReused(0);
  }

  @Test
  void whatTheAppHasNotReadYetKeepsNothingUp() throws Exception {
    try (Line slow = line()) {
      slow.say("hello");
      slow.client().shutdownOutput();
      slow.server().getOutputStream().write(new byte[100]);
      slow.server().close();
      await().until(() -> open(web, "ingress") == 0);

      converse(app);
      assertReused(1);
      assertThat(slow.client().getInputStream().readAllBytes()).hasSize(100);
    }
  }

  @Test
  void turnedOffEachConnectionShakesHands() throws Exception {
    MeshedPod pay = mesh.pod("pay", "--reuse=0");
    for (int i = 0; i < 2; i++) {
      try (Line line =
          Line.to(app, Line.dial(pay.namespace(), web.address(Family.V4), app.getLocalPort()))) {
        end(line);
      }
    }

    assertReused(0);
  }

  @Test
  void aNewCertificateOnEitherSideEndsWhatIsIdle() throws Exception {
    for (MeshedPod renewing : new MeshedPod[] {cart, web}) {
      converse(app);
      double before = handshakes();
      renewing.write(
          mesh.authority()
              .issue(
                  "ns/shop/sa/" + (renewing == cart ? "cart" : "web"),
                  renewing.address(Family.V4).getHostAddress(),
                  renewing.address(Family.V6).getHostAddress()),
          mesh.authority().roots());
      renewing.sidecar().await("in force for new handshakes");
      converse(app);
      assertThat(handshakes()).isEqualTo(before + 1);
    }
  }

  @Test
  void anIdleConnectionThatIsClosedMeanwhileIsReplaced() throws Exception {
    converse(app);
    web.sidecar().signal("KILL");
    web.sidecar().exit();
    web.startWithoutCapture();
    converse(app);

    assertThat(cart.ended("egress", "completed")).isEqualTo(2);
  }

  /** Each renewal of the server's certificate closes what is idle, at times just being taken up. */
  @Test
  void noAppNoticesThatTheServerClosesWhatIsIdle() throws Exception {
    try (Echo echo = Echo.in(web.namespace());
        Load load = Load.on(cart.namespace(), web.address(Family.V4), "hello", 100)) {
      for (int i = 0; i < 20 || load.succeeded() <= 100; i++) {
        Thread.sleep(200);
        web.write(
            mesh.authority().issue("ns/shop/sa/web", web.address(Family.V4).getHostAddress()),
            mesh.authority().roots());
      }
      assertThat(load.failures()).as("%s", echo).isEmpty();
    }
    assertThat(cart.metric("podveil_reused_total{direction=\"egress\"}")).isGreaterThan(50);
  }

  @Test
  void aDrainClosesWhatIsIdle() throws Exception {
    converse(app);
    web.sidecar().signal("TERM");
    assertThat(web.sidecar().exit()).isZero();
  }

  @Test
  void everyHelloIsHeldAgainstTheCertificate() throws Exception {
    Pod stranger = mesh.plainPod();
    Issued issued = mesh.authority().issue("ns/shop/sa/caller", stranger.v4().getHostAddress());

    try (ForeignSidecar caller = dial(stranger, issued)) {
      serveOne(caller, new InetSocketAddress(stranger.v4(), 4711));
      caller.greetFor(new InetSocketAddress("10.77.0.200", 4712));
      assertThat(caller.hear()).isNull();
    }

    web.sidecar().await("refused: peer ns/shop/sa/caller calls for 10.77.0.200, which is neither");
  }

  @Test
  void aCertificateThatHasExpiredMeanwhileOpensNothingMore() throws Exception {
    Pod stranger = mesh.plainPod();
    Issued shortLived =
        mesh.authority()
            .leaf()
            .id("ns/shop/sa/caller")
            .addresses(stranger.v4().getHostAddress())
            .valid(Instant.now().minusSeconds(60), Instant.now().plusSeconds(12))
            .issue();

    try (ForeignSidecar caller = dial(stranger, shortLived)) {
      serveOne(caller, new InetSocketAddress(stranger.v4(), 4711));
      Thread.sleep(13_000);
      caller.greetFor(new InetSocketAddress(stranger.v4(), 4712));
      assertThat(caller.hear()).isNull();
    }
    assertThat(web.ended("ingress", "completed")).isEqualTo(1);
  }

  @Test
  void whoGoesOnWhereAHelloIsDueIsCutOff() throws Exception {
    Pod stranger = mesh.plainPod();
    Issued issued = mesh.authority().issue("ns/shop/sa/caller", stranger.v4().getHostAddress());

    try (ForeignSidecar caller = dial(stranger, issued)) {
      serveOne(caller, new InetSocketAddress(stranger.v4(), 4711));
      caller.sayBytes(4, 0, 0, 0); // ACCEPT
      assertThat(caller.hear()).isNull();
    }
    converse(app);
  }

  private ForeignSidecar dial(Pod from, Issued shown) throws Exception {
    return ForeignSidecar.dial(shown, from.namespace(), web.address(Family.V4), app.getLocalPort());
  }

  private void serveOne(ForeignSidecar caller, InetSocketAddress source) throws Exception {
    caller.greetFor(source);
    try (Socket accepted = app.accept()) {
      assertThat(accepted.getRemoteSocketAddress()).isEqualTo(source);
      assertThat(caller.hear()).isEqualTo(Accept.ACCEPT);
      caller.say(StreamSignal.END);
      assertThat(accepted.getInputStream().read()).isEqualTo(-1);
    }
    assertThat(caller.hear()).isEqualTo(StreamSignal.END);
  }

  /** One connection from end to end; returns the client's port. */
  private int converse(ServerSocket at) throws Exception {
    try (Line line =
        Line.to(at, Line.dial(cart.namespace(), web.address(Family.V4), at.getLocalPort()))) {
      end(line);
      return line.client().getLocalPort();
    }
  }

  private Line line() throws Exception {
    return Line.to(app, Line.dial(cart.namespace(), web.address(Family.V4), app.getLocalPort()));
  }

  private void end(Line line) throws Exception {
    line.say("hello");
    line.answer("world");
    line.client().shutdownOutput();
    assertThat(line.server().getInputStream().read()).isEqualTo(-1);
    line.server().close();
    assertThat(line.client().getInputStream().read()).isEqualTo(-1);
    line.client().close();
    await().until(() -> open(cart, "egress") == 0 && open(web, "ingress") == 0);
  }

  private static double open(MeshedPod pod, String direction) {
    return pod.metric("podveil_connections_open{direction=\"" + direction + "\"}");
  }

  private double handshakes() {
    return cart.metric("podveil_handshake_seconds_count{direction=\"egress\"}");
  }

  private void assertReused(int count) {
    assertThat(cart.metric("podveil_reused_total{direction=\"egress\"}")).isEqualTo(count);
    assertThat(web.metric("podveil_reused_total{direction=\"ingress\"}")).isEqualTo(count);
  }
}
