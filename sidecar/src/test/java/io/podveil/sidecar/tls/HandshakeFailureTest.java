package io.podveil.sidecar.tls;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.handler.codec.DecoderException;
import io.netty.handler.ssl.NotSslRecordException;
import io.podveil.sidecar.testbed.TestAuthority;
import io.podveil.sidecar.tls.HandshakeFailure.Reason;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Peers that have no certificate because they have no TLS, and what is made of it. */
class HandshakeFailureTest {

  private static final String NOT_TLS_AT_ALL = "HTTP/1.1 400 Bad Request\r\n\r\n";

  private final TestAuthority authority = TestAuthority.create();
  private final Loop loop = new Loop();
  private final List<Tls> opened = new ArrayList<>();

  @AfterEach
  void close() {
    loop.close();
    opened.forEach(Tls::close);
  }

  @ParameterizedTest
  @EnumSource
  void aServerThatSpeaksPlaintextIsNotMeshed(TlsEngine engine) throws Exception {
    HandshakeFailure failure = connectTo(engine, socket -> write(socket, NOT_TLS_AT_ALL));

    assertThat(failure)
        .isEqualTo(new HandshakeFailure(Reason.NOT_TLS, "not meshed: there is no TLS there"));
  }

  @ParameterizedTest
  @EnumSource
  void aServerThatSaysNothingIsWaitedForOnlySoLong(TlsEngine engine) throws Exception {
    HandshakeFailure failure = connectTo(engine, socket -> socket.getInputStream().readAllBytes());

    assertThat(failure.reason()).as(failure.text()).isEqualTo(Reason.TIMED_OUT);
  }

  @ParameterizedTest
  @EnumSource
  void aServerThatClosesIsSaidToHaveClosed(TlsEngine engine) throws Exception {
    HandshakeFailure failure = connectTo(engine, socket -> socket.getInputStream().read());

    assertThat(failure.reason()).as(failure.text()).isEqualTo(Reason.CLOSED);
  }

  @ParameterizedTest
  @EnumSource
  void aServerThatResetsIsSaidToHaveClosed(TlsEngine engine) throws Exception {
    HandshakeFailure failure =
        connectTo(
            engine,
            socket -> {
              socket.getInputStream().read();
              socket.setSoLinger(true, 0);
              socket.close();
            });

    assertThat(failure.reason()).as(failure.text()).isEqualTo(Reason.CLOSED);
  }

  @ParameterizedTest
  @EnumSource
  void anEchoServerIsNoPeer(TlsEngine engine) throws Exception {
    HandshakeFailure failure =
        connectTo(engine, socket -> socket.getInputStream().transferTo(socket.getOutputStream()));

    assertThat(failure.reason()).as(failure.text()).isEqualTo(Reason.INCOMPATIBLE);
  }

  @ParameterizedTest
  @EnumSource
  void aClientThatSpeaksPlaintextIsRefused(TlsEngine engine) throws Exception {
    HandshakeFailure failure = connectFrom(engine, "GET / HTTP/1.1\r\n\r\n".getBytes(US_ASCII));

    assertThat(failure.reason()).isEqualTo(Reason.NOT_TLS);
    assertThat(failure.text()).contains("plaintext where mutual TLS is required");
  }

  @ParameterizedTest
  @CsvSource({
    // A handshake record whose content is no ClientHello, one that is cut off, one of no length.
    "BORINGSSL,160301000800112233445566778899,TOO_LARGE",
    "BORINGSSL,16030100051600000100,INCOMPATIBLE",
    "BORINGSSL,1603010000,NOT_TLS",
    "BORINGSSL,1503010002022f,INCOMPATIBLE",
    "JDK,160301000800112233445566778899,TOO_LARGE",
    "JDK,16030100051600000100,INCOMPATIBLE",
    "JDK,1603010000,NOT_TLS",
    "JDK,1503010002022f,INCOMPATIBLE"
  })
  void garbageInPlaceOfAClientHelloIsRefused(TlsEngine engine, String hex, Reason reason)
      throws Exception {
    HandshakeFailure failure = connectFrom(engine, HexFormat.of().parseHex(hex));

    assertThat(failure.reason()).as(failure.text()).isEqualTo(reason);
  }

  @ParameterizedTest
  @EnumSource
  void aClientThatSaysNothingIsWaitedForOnlySoLong(TlsEngine engine) throws Exception {
    assertThat(connectFrom(engine, new byte[0]).reason()).isEqualTo(Reason.TIMED_OUT);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          error:10000412:SSL routines:OPENSSL_internal:SSLV3_ALERT_BAD_CERTIFICATE | REFUSED_BY_PEER | bad_certificate
          error:10000415:SSL routines:OPENSSL_internal:SSLV3_ALERT_CERTIFICATE_EXPIRED | REFUSED_BY_PEER | certificate_expired
          error:10000418:SSL routines:OPENSSL_internal:TLSV1_ALERT_UNKNOWN_CA | REFUSED_BY_PEER | unknown_ca
          error:1000045c:SSL routines:OPENSSL_internal:TLSV1_ALERT_CERTIFICATE_REQUIRED | REFUSED_BY_PEER | certificate_required
          error:1000042e:SSL routines:OPENSSL_internal:TLSV1_ALERT_PROTOCOL_VERSION | INCOMPATIBLE | protocol_version
          error:10000410:SSL routines:OPENSSL_internal:SSLV3_ALERT_HANDSHAKE_FAILURE | INCOMPATIBLE | handshake_failure
          (certificate_unknown) Received fatal alert: certificate_unknown | REFUSED_BY_PEER | certificate_unknown
          Received fatal alert: handshake_failure | INCOMPATIBLE | handshake_failure
          Received fatal alert: something_new | OTHER | something_new
          Empty client certificate chain | NO_CERTIFICATE | no certificate
          error:100000c0:SSL routines:OPENSSL_internal:PEER_DID_NOT_RETURN_A_CERTIFICATE | NO_CERTIFICATE | no certificate
          """)
  void knowsWhatTheEnginesSay(String message, Reason reason, String contained) {
    for (Throwable failure :
        List.of(
            new SSLHandshakeException(message), new DecoderException(new SSLException(message)))) {
      HandshakeFailure explained = HandshakeFailure.explain(failure, Role.SERVER);

      assertThat(explained.reason()).isEqualTo(reason);
      assertThat(explained.text()).contains(contained);
    }
  }

  @Test
  void looksForTheCauseThatSaysMost() {
    SSLException wrapped = new SSLException("failed", new NotSslRecordException("not SSL/TLS"));

    assertThat(HandshakeFailure.explain(new DecoderException(wrapped), Role.CLIENT).reason())
        .isEqualTo(Reason.NOT_TLS);
  }

  @Test
  void passesOnWhatItDoesNotKnowAsOnePrintableLine() {
    HandshakeFailure failure =
        HandshakeFailure.explain(new IllegalStateException("odd\n\u001b[31m"), Role.CLIENT);

    assertThat(failure.reason()).isEqualTo(Reason.OTHER);
    assertThat(failure.text()).isEqualTo("TLS failed: java.lang.IllegalStateException: odd??[31m");
  }

  @Test
  void isNotCaughtInARingOfCauses() {
    IllegalStateException one = new IllegalStateException("one");
    one.initCause(new IllegalStateException("two", one));

    assertThat(HandshakeFailure.explain(one, Role.CLIENT).reason()).isEqualTo(Reason.OTHER);
  }

  @Test
  void aReasonIsALabel() {
    assertThat(Reason.NOT_TLS.label()).isEqualTo("not_tls");
  }

  /** What a server does with a connection. */
  private interface Server {
    void handle(Socket socket) throws IOException;
  }

  private HandshakeFailure connectTo(TlsEngine engine, Server server) throws Exception {
    Tls client = tls(engine);
    try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread serving = Thread.startVirtualThread(() -> serve(listener, server));
      HandshakeFailure failure =
          loop.connect(listener.getLocalSocketAddress(), client::client).explained(Role.CLIENT);
      serving.join();
      return failure;
    }
  }

  private static void serve(ServerSocket listener, Server server) {
    try (Socket socket = listener.accept()) {
      server.handle(socket);
    } catch (IOException e) {
      // The client has had enough, as it should.
    }
  }

  private HandshakeFailure connectFrom(TlsEngine engine, byte[] bytes) throws Exception {
    InetSocketAddress address = loop.serve(tls(engine)::server);
    try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
      socket.getOutputStream().write(bytes);
      return loop.nextServed().explained(Role.SERVER);
    }
  }

  private static void write(Socket socket, String text) throws IOException {
    OutputStream out = socket.getOutputStream();
    out.write(text.getBytes(US_ASCII));
    out.flush();
  }

  private Tls tls(TlsEngine engine) {
    Tls tls =
        new Tls(
            authority.issue("ns/shop/sa/cart", "127.0.0.1").identity(authority.roots()),
            engine,
            Duration.ofMillis(500),
            InstantSource.system());
    opened.add(tls);
    return tls;
  }
}
