package io.podveil.sidecar;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.podveil.sidecar.testbed.Family;
import io.podveil.sidecar.testbed.ForeignTls;
import io.podveil.sidecar.testbed.Mesh;
import io.podveil.sidecar.testbed.MeshedPod;
import io.podveil.sidecar.testbed.Pod;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Strict and permissive, towards clients that speak plainly, that speak TLS, and that wait. */
@Timeout(60)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class InboundModesIT {
  private Mesh mesh;
  private MeshedPod cart;
  private MeshedPod strict;
  private MeshedPod permissive;
  private Pod stranger;
  private ServerSocket strictApp;
  private ServerSocket app;

  @BeforeAll
  void lay() throws Exception {
    mesh = Mesh.lay();
    cart = mesh.pod("cart");
    strict = mesh.pod("strict", "--handshake-timeout=1s");
    permissive = mesh.pod("permissive", "--handshake-timeout=1s", "--inbound=permissive");
    stranger = mesh.plainPod();
    strictApp = listen(strict);
    app = listen(permissive);
  }

  @AfterAll
  void close() throws IOException {
    strictApp.close();
    app.close();
    mesh.close();
  }

  @ParameterizedTest
  @EnumSource
  void permissiveTakesPlaintextAsItIs(Family family) throws Exception {
    try (Socket client = dial(permissive, family)) {
      say(client, "hello");
      try (Socket accepted = app.accept()) {
        assertThat(accepted.getRemoteSocketAddress())
            .isEqualTo(new InetSocketAddress(stranger.address(family), client.getLocalPort()));
        assertThat(hear(accepted, 5)).isEqualTo("hello");
        say(accepted, "hi");
      }
      assertThat(hear(client, 2)).isEqualTo("hi");
      client.shutdownOutput();
      permissive
          .sidecar()
          .await("ingress .*:%d -> .*:8000 plain 5B up 2B down".formatted(client.getLocalPort()));
    }
  }

  @Test
  void permissiveTakesMutualTlsWhereItIsOffered() throws Exception {
    try (Socket client =
            cart.namespace().call(() -> new Socket(permissive.address(Family.V4), 8000));
        Socket accepted = app.accept()) {
      say(client, "hello");
      assertThat(hear(accepted, 5)).isEqualTo("hello");
      client.shutdownOutput();
      accepted.shutdownOutput();
      permissive.sidecar().await("from ns/shop/sa/cart mtls TLSv1.3 5B up 0B down");
    }
  }

  @ParameterizedTest
  @EnumSource
  void permissiveLetsTheServerSpeakFirst(Family family) throws Exception {
    try (Socket client = dial(permissive, family);
        Socket accepted = app.accept()) {
      say(accepted, "220 ready");
      assertThat(hear(client, 9)).isEqualTo("220 ready");
      say(client, "QUIT");
      assertThat(hear(accepted, 4)).isEqualTo("QUIT");
    }
  }

  @Test
  void permissiveLetsTheServerSpeakToAClientThatHasNothingToSay() throws Exception {
    try (Socket client = dial(permissive, Family.V4)) {
      client.shutdownOutput();
      try (Socket accepted = app.accept()) {
        assertThat(accepted.getInputStream().read()).isEqualTo(-1);
        say(accepted, "the time is now");
      }
      assertThat(client.getInputStream().readAllBytes())
          .asString(UTF_8)
          .isEqualTo("the time is now");
    }
  }

  @Test
  void permissiveIsNoWayRoundACertificate() throws Exception {
    double before = permissive.ended("ingress", "refused_no_certificate");
    try (SSLSocket client =
        ForeignTls.anonymous().connect(stranger.namespace(), permissive.address(Family.V4), 8000)) {
      assertThatExceptionOfType(IOException.class).isThrownBy(() -> client.getInputStream().read());
    }
    await()
        .untilAsserted(() ->
            assertThat(permissive.ended("ingress", "refused_no_certificate"))
                .isEqualTo(before + 1));
    assertNothingArrived(app);
  }

  @Test
  void permissiveDoesNotWaitForEverForTheRestOfAHandshake() throws Exception {
    assertGivenUp(permissive, app, new byte[] {22, 3, 1, 1});
  }

  @Test
  void strictDoesNotWaitForEverForASilentClient() throws Exception {
    assertGivenUp(strict, strictApp, new byte[0]);
  }

  @Test
  void strictDoesNotWaitForEverForTheRestOfAHandshake() throws Exception {
    assertGivenUp(strict, strictApp, new byte[] {22, 3, 1, 1});
  }

  private void assertGivenUp(MeshedPod pod, ServerSocket app, byte[] said) throws Exception {
    double before = pod.ended("ingress", "refused_timed_out");
    try (Socket client = dial(pod, Family.V4)) {
      client.getOutputStream().write(said);
      assertThat(client.getInputStream().readAllBytes()).hasSizeLessThan(16);
      assertThat(
              pod.sidecar().await("ingress .*:%d -> .* refused: ".formatted(client.getLocalPort())))
          .contains("no TLS handshake within the time");
    }
    assertThat(pod.ended("ingress", "refused_timed_out")).isEqualTo(before + 1);
    assertThat(pod.metric("podveil_handshakes_in_progress")).isZero();
    assertNothingArrived(app);
  }

  private Socket dial(MeshedPod pod, Family family) throws Exception {
    Socket socket = stranger.namespace().call(() -> new Socket(pod.address(family), 8000));
    socket.setSoTimeout(15_000);
    return socket;
  }

  private static ServerSocket listen(MeshedPod pod) throws Exception {
    ServerSocket listener = pod.namespace().call(() -> new ServerSocket(8000, 50));
    listener.setSoTimeout(15_000);
    return listener;
  }

  private static void assertNothingArrived(ServerSocket app) throws IOException {
    app.setSoTimeout(1);
    try {
      app.accept().close();
      throw new AssertionError("the app was reached");
    } catch (SocketTimeoutException e) {
      app.setSoTimeout(15_000);
    }
  }

  private static void say(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(UTF_8));
  }

  private static String hear(Socket socket, int length) throws IOException {
    return new String(socket.getInputStream().readNBytes(length), UTF_8);
  }
}
