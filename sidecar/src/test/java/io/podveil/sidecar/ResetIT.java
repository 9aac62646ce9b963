package io.podveil.sidecar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.podveil.sidecar.testbed.Family;
import io.podveil.sidecar.testbed.Flood;
import io.podveil.sidecar.testbed.Forger;
import io.podveil.sidecar.testbed.Line;
import io.podveil.sidecar.testbed.Mesh;
import io.podveil.sidecar.testbed.MeshedPod;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What broke arrives broken: a reset is a reset, and what an attacker cut is never complete. */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ResetIT {
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
  void theClientsResetReachesTheServer(Family family) throws Exception {
    try (Line line = open(family)) {
      line.say("before");
      Line.reset(line.client());
      Line.assertReset(line.server());
      cart.sidecar().await("6B up 0B down .* cut off by app: connection reset");
      web.sidecar().await("6B up 0B down .* cut off by peer");
    }
  }

  @ParameterizedTest
  @EnumSource
  void theServersResetReachesTheClient(Family family) throws Exception {
    try (Line line = open(family)) {
      line.answer("before.");
      Line.reset(line.server());
      Line.assertReset(line.client());
      web.sidecar().await("0B up 7B down .* cut off by app: connection reset");
      cart.sidecar().await("0B up 7B down .* cut off by peer");
    }
  }

  @Test
  void aReaderThatHadEnoughStopsTheWriter() throws Exception {
    for (Line each : bothWays()) {
      try (Line line = each) {
        Flood flood = Flood.untilStuck(line.client());
        Line.reset(line.server());
        assertThat(flood.broken()).hasMessageMatching(".*(reset|Broken pipe).*");
      }
    }
  }

  @Test
  void aWriterThatCrashesWhileItsReaderPausesIsNoEndOfStream() throws Exception {
    for (Line each : bothWays()) {
      try (Line line = each) {
        Flood flood = Flood.untilStuck(line.client());
        Line.reset(line.client());
        flood.broken();
        Line.assertReset(line.server());
      }
    }
  }

  @Test
  void aResetAfterTheOwnEndOfStreamReachesTheOther() throws Exception {
    for (Line each : bothWays()) {
      try (Line line = each) {
        line.client().shutdownOutput();
        assertThat(line.server().getInputStream().read()).isEqualTo(-1);
        Line.reset(line.client());
        Line.assertResetWhileWriting(line.server());
      }
    }
  }

  @Test
  void aResetByTheOneWhoCouldStillAnswerReachesTheOneWhoEnded() throws Exception {
    for (Line each : bothWays()) {
      try (Line line = each) {
        line.client().shutdownOutput();
        assertThat(line.server().getInputStream().read()).isEqualTo(-1);
        Line.reset(line.server());
        Line.assertReset(line.client());
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"FIN,V4", "FIN,V6", "RST,V4", "RST,V6"})
  void aForgedEndBeforeTheClientIsAReset(Forger.Flag flag, Family family) throws Exception {
    try (Forger forger = Forger.facing(cart.pod(), mesh.wire());
        Line line = open(family)) {
      line.say("as yet unharmed");
      line.answer("indeed");
      forger.inject(flag, line.server().getLocalPort());
      Line.assertReset(line.client());
      // A forged reset is news to the server's side as soon as it has something to say.
      Line.assertResetWhileWriting(line.server());
    }
  }

  @ParameterizedTest
  @CsvSource({"FIN,V4", "FIN,V6", "RST,V4", "RST,V6"})
  void aForgedEndBeforeTheServerIsAReset(Forger.Flag flag, Family family) throws Exception {
    try (Forger forger = Forger.facing(web.pod(), mesh.wire());
        Line line = open(family)) {
      line.answer("as yet unharmed");
      line.say("indeed");
      forger.inject(flag, line.server().getLocalPort());
      Line.assertReset(line.server());
      Line.assertResetWhileWriting(line.client());
    }
  }

  @Test
  void aForgedEndOfTheAnswerToAHalfClosedRequestIsAReset() throws Exception {
    try (Forger forger = Forger.facing(cart.pod(), mesh.wire());
        Line line = open(Family.V4)) {
      line.say("all that I ask");
      line.client().shutdownOutput();
      line.answer("half of the ans");
      forger.inject(Forger.Flag.FIN, line.server().getLocalPort());
      Line.assertReset(line.client());
      Line.assertResetWhileWriting(line.server());
    }
  }

  @ParameterizedTest
  @EnumSource
  void aPortWithoutAnAppIsAResetAndBothLogsSayWhy(Family family) throws Exception {
    int port;
    try (ServerSocket probe = Line.listen(web.namespace())) {
      port = probe.getLocalPort();
    }
    refused(family, port);
  }

  @ParameterizedTest
  @EnumSource
  void anAppThatListensOnLoopbackAloneStaysUnreachable(Family family) throws Exception {
    InetAddress loopback =
        switch (family) {
          case V4 -> InetAddress.ofLiteral("127.0.0.1");
          case V6 -> InetAddress.ofLiteral("::1");
        };
    try (ServerSocket shy = web.namespace().call(() -> new ServerSocket(0, 5, loopback));
        Socket inside = Line.dial(web.namespace(), loopback, shy.getLocalPort())) {
      assertThat(inside.isConnected()).isTrue();
      refused(family, shy.getLocalPort());
    }
  }

  private void refused(Family family, int port) throws Exception {
    try (Socket client = Line.dial(cart.namespace(), web.address(family), port)) {
      Line.assertReset(client);
    }
    web.sidecar()
        .await(port + " refused: the app cannot be reached: connection refused; is it listening");
    cart.sidecar().await(port + " refused: the peer's sidecar could not reach its app");
  }

  private Line open(Family family) throws Exception {
    return Line.between(cart.namespace(), web.namespace(), web.address(family));
  }

  /** The same for the side that dialled and the side that was dialled. */
  private List<Line> bothWays() throws Exception {
    return List.of(open(Family.V4), open(Family.V6).reversed());
  }
}
