package io.podveil.sidecar;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.embedded.EmbeddedChannel;
import io.podveil.sidecar.testbed.Family;
import io.podveil.sidecar.testbed.ForeignTls;
import io.podveil.sidecar.testbed.Issued;
import io.podveil.sidecar.testbed.Mesh;
import io.podveil.sidecar.testbed.MeshedPod;
import io.podveil.sidecar.testbed.Pod;
import io.podveil.sidecar.testbed.TestAuthority.Bad;
import io.podveil.sidecar.wire.ConnectionId;
import io.podveil.sidecar.wire.FrameCodec;
import io.podveil.sidecar.wire.Hello;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.regex.Pattern;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Who must not come through: each is refused, counted under its reason, and the log names the
 * cause.
 */
@Timeout(60)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class RefusalIT {
  private Mesh mesh;
  private MeshedPod cart;
  private MeshedPod web;
  private Pod stranger;
  private ServerSocket app;

  @BeforeAll
  void lay() throws Exception {
    mesh = Mesh.lay();
    cart = mesh.pod("cart", "--handshake-timeout=5s", "--connect-timeout=2s");
    web = mesh.pod("web");
    stranger = mesh.plainPod();
    app = web.namespace().call(() -> new ServerSocket(8000, 50));
  }

  @AfterAll
  void close() throws IOException {
    app.close();
    mesh.close();
  }

  @ParameterizedTest
  @CsvSource({
    "EXPIRED,expired,is its renewal stuck",
    "NOT_YET_VALID,not_yet_valid,is a clock wrong",
    "WRONG_CA,unknown_authority,do both sides have the same trust roots",
    "NO_SAN,not_an_svid,who issued it",
    "TWO_URI_SANS,not_an_svid,who issued it",
    "CA_AS_LEAF,not_an_svid,who issued it",
    "WRONG_TRUST_DOMAIN,wrong_trust_domain,does it belong to another cluster",
    "HUGE,too_large,too large to be honest"
  })
  void noBadCertificateComesIn(Bad kind, String reason, String cause) throws Exception {
    Issued bad = mesh.authority().issueBad(kind, "ns/shop/sa/x", stranger.v4().getHostAddress());
    double before = web.ended("ingress", "refused_" + reason);
    String client = tryIn(ForeignTls.showing(bad), web.address(Family.V4));
    assertRefusedAtIngress(client, reason, cause, before);
  }

  @ParameterizedTest
  @CsvSource({
    "EXPIRED,expired,is its renewal stuck",
    "NOT_YET_VALID,not_yet_valid,is a clock wrong",
    "WRONG_CA,unknown_authority,do both sides have the same trust roots",
    "NO_SAN,not_an_svid,who issued it",
    "TWO_URI_SANS,not_an_svid,who issued it",
    "CA_AS_LEAF,not_an_svid,who issued it",
    "WRONG_TRUST_DOMAIN,wrong_trust_domain,does it belong to another cluster",
    "HUGE,too_large,too large to be honest"
  })
  void noBadCertificateIsSpokenTo(Bad kind, String reason, String cause) throws Exception {
    Issued bad = mesh.authority().issueBad(kind, "ns/shop/sa/x", stranger.v4().getHostAddress());
    try (ServerSocket server = serve(ForeignTls.showing(bad))) {
      assertRefusedAtEgress(server, reason, cause);
    }
  }

  @Test
  void whoShowsNoCertificateIsRefused() throws Exception {
    double before = web.ended("ingress", "refused_no_certificate");
    String client = tryIn(ForeignTls.anonymous(), web.address(Family.V6));
    assertRefusedAtIngress(client, "no_certificate", "is it meshed", before);
  }

  @ParameterizedTest
  @EnumSource
  void plaintextIsRefusedInStrictMode(Family family) throws Exception {
    double before = web.ended("ingress", "refused_not_tls");
    try (Socket client = plainly(web.address(family), 8000)) {
      client.getOutputStream().write("GET / HTTP/1.1\r\nHost: web\r\n\r\n".getBytes(UTF_8));
      assertCutOff(client);
      assertRefusedAtIngress(endpoint(client), "not_tls", "is the client meshed", before);
    }
  }

  @Test
  void garbageInPlaceOfAClientHelloIsRefused() throws Exception {
    double before = web.ended("ingress", "refused_incompatible");
    byte[] garbage = new byte[4096];
    // It begins like a TLS record with a handshake in it.
    garbage[0] = 22;
    garbage[1] = 3;
    garbage[2] = 1;
    garbage[3] = 2;
    garbage[5] = 99;
    try (Socket client = plainly(web.address(Family.V4), 8000)) {
      client.getOutputStream().write(garbage);
      assertCutOff(client);
      assertRefusedAtIngress(endpoint(client), "incompatible", "no common ground", before);
    }
  }

  @Test
  void anAnswerThatIsNoTlsIsCalledNotMeshed() throws Exception {
    try (ServerSocket server =
        stranger.namespace().call(() -> new ServerSocket(0, 50, stranger.v4()))) {
      Thread.ofVirtual()
          .start(() -> {
            try (Socket accepted = server.accept()) {
              accepted.getOutputStream().write("220 mail ready\r\n".getBytes(UTF_8));
              accepted.getInputStream().read();
            } catch (IOException e) {
              assertThat(e).isNotNull(); // The client's side asserts.
            }
          });
      assertRefusedAtEgress(server, "not_tls", "not meshed");
    }
  }

  @Test
  void anAnswererThatSaysNothingIsGivenUp() throws Exception {
    try (ServerSocket server =
        stranger.namespace().call(() -> new ServerSocket(0, 50, stranger.v4()))) {
      assertRefusedAtEgress(server, "timed_out", "no TLS handshake within the time");
    }
  }

  @Test
  void whereNobodyLivesIsUnreachable() throws Exception {
    double before = cart.ended("egress", "refused_unreachable");
    try (Socket client =
        cart.namespace().call(() -> new Socket(InetAddress.ofLiteral("10.77.0.250"), 80))) {
      client.setSoTimeout(15_000);
      assertCutOff(client);
    }
    cart.sidecar().await("egress .* -> 10.77.0.250:80 refused: unreachable: no ");
    assertThat(cart.ended("egress", "refused_unreachable")).isEqualTo(before + 1);
  }

  @Test
  void whoAnswersWithoutOwningTheAddressIsRefused() throws Exception {
    Issued elsewhere = mesh.authority().issue("ns/default/sa/thief", "10.77.0.99");
    try (ServerSocket server = serve(ForeignTls.showing(elsewhere))) {
      assertRefusedAtEgress(
          server,
          "wrong_address",
          "answered as ns/default/sa/thief, whose certificate does not name 10.77.0.4; is another"
              + " pod using this address");
    }
  }

  @Test
  void aPeerSpeaksOnlyForItsOwnAddresses() throws Exception {
    double before = web.ended("ingress", "refused_wrong_source");
    try (SSLSocket client = greet("10.77.0.200")) {
      assertCutOff(client);
      web.sidecar()
          .await(
              "ingress .* refused: peer ns/shop/sa/caller calls for 10.77.0.200, which is neither"
                  + " its own address nor in its certificate");
    }
    assertThat(web.ended("ingress", "refused_wrong_source")).isEqualTo(before + 1);
    assertNothingArrived();
  }

  @Test
  void aPeerSpeaksForEveryAddressInItsCertificate() throws Exception {
    try (SSLSocket client = greet("10.77.0.77");
        Socket accepted = app.accept()) {
      assertThat(accepted.getRemoteSocketAddress())
          .isEqualTo(new InetSocketAddress("10.77.0.77", 4711));
      assertThat(client.isClosed()).isFalse();
    }
  }

  @Test
  void aHelloOfTheOtherAddressFamilyIsRefused() throws Exception {
    try (SSLSocket client = greet("fd77::77")) {
      assertCutOff(client);
      web.sidecar().await("ingress \\[fd77::77\\]:4711 -> 10.77.0.3:8000 refused: ");
    }
    assertNothingArrived();
  }

  @ParameterizedTest
  @CsvSource({"1", "2"})
  void theSidecarsOwnPortsAreNoWayInFromOutside(int port) throws Exception {
    for (Family family : Family.values()) {
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(() -> {
            try (Socket client = plainly(web.address(family), port)) {
              assertCutOff(client);
              throw new IOException("accepted, and cut off");
            }
          });
    }
    assertNoLoop(web);
  }

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1,1,refused_not_captured",
    "::1,1,refused_not_captured",
    "own,1,refused_not_captured",
    "127.0.0.1,2,refused_own_port",
    "::1,2,refused_own_port",
    "own,2,refused_own_port"
  })
  void theSidecarsOwnPortsAreNoWayRoundFromInside(String address, int port, String outcome)
      throws Exception {
    InetAddress to =
        address.equals("own") ? web.address(Family.V4) : InetAddress.ofLiteral(address);
    String direction = port == 1 ? "egress" : "ingress";
    double before = web.ended(direction, outcome);
    try (Socket client = web.namespace().call(() -> new Socket(to, port))) {
      client.setSoTimeout(15_000);
      assertCutOff(client);
    }
    await().untilAsserted(() -> assertThat(web.ended(direction, outcome)).isEqualTo(before + 1));
    assertNoLoop(web);
  }

  /** As the sidecar of a pod that calls for somebody with this address. */
  private SSLSocket greet(String source) throws Exception {
    Issued issued =
        mesh.authority().issue("ns/shop/sa/caller", "10.77.0.4", "10.77.0.77", "fd77::77");
    SSLSocket client =
        ForeignTls.showing(issued)
            .connect(stranger.namespace(), web.address(Family.V4), 8000, "podveil/1");
    assertThat(client.getApplicationProtocol()).isEqualTo("podveil/1");
    InetAddress from = InetAddress.ofLiteral(source);
    InetAddress to = web.address(source.contains(":") ? Family.V6 : Family.V4);
    EmbeddedChannel codec = new EmbeddedChannel(FrameCodec.client());
    codec.writeOutbound(
        new Hello(
            ConnectionId.random(),
            new InetSocketAddress(from, 4711),
            new InetSocketAddress(to, 8000)));
    for (ByteBuf frame = codec.readOutbound(); frame != null; frame = codec.readOutbound()) {
      client.getOutputStream().write(ByteBufUtil.getBytes(frame));
      frame.release();
    }
    return client;
  }

  /** Returns who was cut off. */
  private String tryIn(ForeignTls tls, InetAddress address) throws Exception {
    try (SSLSocket client = tls.connect(stranger.namespace(), address, 8000)) {
      String endpoint = endpoint(client);
      assertCutOff(client);
      return endpoint;
    }
  }

  private void assertRefusedAtIngress(String client, String reason, String cause, double before)
      throws IOException {
    assertThat(web.sidecar().await("ingress " + Pattern.quote(client) + " -> .*:8000 refused: "))
        .contains(cause);
    assertThat(web.ended("ingress", "refused_" + reason)).isEqualTo(before + 1);
    assertNothingArrived();
  }

  private void assertRefusedAtEgress(ServerSocket server, String reason, String cause)
      throws Exception {
    double before = cart.ended("egress", "refused_" + reason);
    try (Socket client =
        cart.namespace().call(() -> new Socket(stranger.v4(), server.getLocalPort()))) {
      client.setSoTimeout(15_000);
      assertThatExceptionOfType(SocketException.class)
          .isThrownBy(() -> client.getInputStream().read())
          .withMessageContaining("reset");
      assertThat(
              cart.sidecar()
                  .await("egress  " + Pattern.quote(endpoint(client)) + " -> .* refused: "))
          .contains(cause);
    }
    assertThat(cart.ended("egress", "refused_" + reason)).isEqualTo(before + 1);
  }

  /** Serves until its listener is closed; whoever comes is answered, if they shake hands. */
  private ServerSocket serve(ForeignTls tls) throws Exception {
    ServerSocket listener = tls.listen(stranger.namespace(), stranger.v4());
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          while (!listener.isClosed()) {
            answer(listener);
          }
        });
    return listener;
  }

  private static void answer(ServerSocket listener) {
    try (Socket accepted = listener.accept()) {
      accepted.getOutputStream().write("secret".getBytes(UTF_8));
      accepted.getInputStream().read();
    } catch (IOException e) {
      assertThat(e).isNotNull(); // Refused, as it should be.
    }
  }

  private Socket plainly(InetAddress to, int port) throws Exception {
    Socket socket = stranger.namespace().call(() -> new Socket(to, port));
    socket.setSoTimeout(15_000);
    return socket;
  }

  private void assertNothingArrived() throws IOException {
    app.setSoTimeout(1);
    try {
      app.accept().close();
      throw new AssertionError("the app was reached");
    } catch (SocketTimeoutException e) {
      app.setSoTimeout(15_000);
    }
  }

  /** A connection to itself would beget the next one, and so on. */
  private static void assertNoLoop(MeshedPod pod) {
    await()
        .untilAsserted(() ->
            assertThat(
                    pod.metric("podveil_connections_open{direction=\"egress\"}")
                        + pod.metric("podveil_connections_open{direction=\"ingress\"}"))
                .isZero());
  }

  private static String endpoint(Socket client) {
    InetAddress local = client.getLocalAddress();
    String host =
        local.getAddress().length == 4
            ? local.getHostAddress()
            : "[" + io.netty.util.NetUtil.toAddressString(local) + "]";
    return host + ":" + client.getLocalPort();
  }

  private static void assertCutOff(Socket client) {
    try {
      byte[] rest = client.getInputStream().readAllBytes();
      // An alert, at most, where the client doesn't know what that is.
      assertThat(rest.length).isLessThan(16);
    } catch (SocketTimeoutException e) {
      throw new AssertionError("still connected", e);
    } catch (IOException e) {
      assertThat(e).isNotNull(); // Reset, or an alert: both will do.
    }
  }
}
