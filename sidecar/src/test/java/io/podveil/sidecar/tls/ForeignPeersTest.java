package io.podveil.sidecar.tls;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.podveil.sidecar.testbed.Issued;
import io.podveil.sidecar.testbed.Program;
import io.podveil.sidecar.testbed.TestAuthority;
import io.podveil.sidecar.tls.HandshakeFailure.Reason;
import io.podveil.sidecar.tls.Loop.Outcome;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Other people's programs with certificates of our authority, and without. */
class ForeignPeersTest {

  private final TestAuthority authority = TestAuthority.create();
  private final Loop loop = new Loop();
  private final List<AutoCloseable> opened = new ArrayList<>();

  @TempDir Path files;

  @BeforeEach
  void issueForeign() {
    authority.issue("ns/foreign/sa/openssl", "127.0.0.1").write(files, authority.roots());
  }

  @AfterEach
  void close() throws Exception {
    loop.close();
    for (AutoCloseable each : opened) {
      each.close();
    }
  }

  @ParameterizedTest
  @EnumSource
  void opensslTalksToUsWithoutOurProtocol(TlsEngine engine) throws Exception {
    int port = serve(engine);

    Program client = client(port, "-tls1_3", "-cert", file("cert.pem"), "-key", file("key.pem"));
    say(client, "hello");

    client.await("hello$");
    client.await("Verify return code: 0");
    Outcome served = loop.nextServed();
    assertThat(served.admitted().id().shortForm()).isEqualTo("ns/foreign/sa/openssl");
    assertThat(served.protocol()).isNull();
    client.await("No ALPN negotiated");
  }

  @ParameterizedTest
  @EnumSource
  void aForeignClientMaySelectOurProtocol(TlsEngine engine) throws Exception {
    int port = serve(engine);

    Program client =
        client(
            port,
            "-alpn",
            "h2,podveil/1,http/1.1",
            "-cert",
            file("cert.pem"),
            "-key",
            file("key.pem"));

    client.await("ALPN protocol: podveil/1");
    assertThat(loop.nextServed().protocol()).isEqualTo("podveil/1");
  }

  @ParameterizedTest
  @EnumSource
  void curlTalksToUsThoughItOffersHttp(TlsEngine engine) throws Exception {
    int port = serve(engine);

    Program curl =
        program(
            "curl",
            "-Nsv",
            "--http0.9",
            "--max-time",
            "10",
            "--cacert",
            file("ca.pem"),
            "--cert",
            file("cert.pem"),
            "--key",
            file("key.pem"),
            "https://127.0.0.1:" + port + "/");

    curl.await("ALPN: offers h2,http/1.1");
    curl.await("^GET / HTTP/1.1$");
    assertThat(loop.nextServed().protocol()).isNull();
  }

  @ParameterizedTest
  @EnumSource
  void aClientWithoutCertificateIsRefusedAndTold(TlsEngine engine) throws Exception {
    int port = serve(engine);

    Program client = client(port, "-tls1_3");

    HandshakeFailure failure = loop.nextServed().explained(Role.SERVER);
    assertThat(failure.reason()).isEqualTo(Reason.NO_CERTIFICATE);
    client.await("alert certificate required");
  }

  @ParameterizedTest
  @EnumSource
  void anOlderTlsIsRefusedAndTold(TlsEngine engine) throws Exception {
    int port = serve(engine);

    Program client = client(port, "-tls1_2", "-cert", file("cert.pem"), "-key", file("key.pem"));

    HandshakeFailure failure = loop.nextServed().explained(Role.SERVER);
    assertThat(failure.reason()).as(failure.text()).isEqualTo(Reason.INCOMPATIBLE);
    client.await("alert protocol version");
  }

  @ParameterizedTest
  @EnumSource
  void nobodyIsGivenATicketToComeBackWith(TlsEngine engine) throws Exception {
    int port = serve(engine);

    Program client = client(port, "-tls1_3", "-cert", file("cert.pem"), "-key", file("key.pem"));
    say(client, "hello");
    client.await("hello$");

    assertThat(client.lines()).noneMatch(line -> line.contains("New Session Ticket"));
  }

  @ParameterizedTest
  @EnumSource
  void weTalkToOpensslAndNeverResume(TlsEngine engine) throws Exception {
    Tls client = tls(engine);
    Program server = server("-tls1_3", "-Verify", "1", "-verify_return_error");

    for (int i = 0; i < 3; i++) {
      Outcome connected = loop.connect(addressOf(server), client::client);
      assertThat(connected.admitted().id().shortForm()).isEqualTo("ns/foreign/sa/openssl");
      assertThat(connected.protocol()).isNull();
    }
    assertThat(server.lines()).noneMatch(line -> line.contains("Reused"));
  }

  @ParameterizedTest
  @EnumSource
  void weSayThatAnOlderServerIsIncompatible(TlsEngine engine) throws Exception {
    Tls client = tls(engine);
    Program server = server("-tls1_2");

    HandshakeFailure failure =
        loop.connect(addressOf(server), client::client).explained(Role.CLIENT);

    assertThat(failure.reason()).as(failure.text()).isEqualTo(Reason.INCOMPATIBLE);
  }

  private int serve(TlsEngine engine) {
    return loop.serve(tls(engine)::server).getPort();
  }

  private Tls tls(TlsEngine engine) {
    Issued ours = authority.issue("ns/shop/sa/cart", "127.0.0.1");
    Tls tls =
        new Tls(
            ours.identity(authority.roots()),
            engine,
            Duration.ofSeconds(10),
            InstantSource.system());
    opened.add(tls);
    return tls;
  }

  private Program client(int port, String... options) {
    List<String> command =
        new ArrayList<>(List.of("openssl", "s_client", "-connect", "127.0.0.1:" + port, "-CAfile"));
    command.add(file("ca.pem"));
    command.addAll(List.of(options));
    return program(command.toArray(String[]::new));
  }

  private Program server(String... options) {
    List<String> command =
        new ArrayList<>(List.of("openssl", "s_server", "-accept", "127.0.0.1:0", "-rev"));
    command.addAll(List.of("-CAfile", file("ca.pem")));
    command.addAll(List.of("-cert", file("cert.pem"), "-key", file("key.pem")));
    command.addAll(List.of(options));
    return program(command.toArray(String[]::new));
  }

  private static InetSocketAddress addressOf(Program server) {
    String line = server.await("^ACCEPT ");
    int port = Integer.parseInt(line.substring(line.lastIndexOf(':') + 1));
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }

  private Program program(String... command) {
    Program program = Program.start(command);
    opened.add(program);
    return program;
  }

  private static void say(Program client, String line) throws IOException {
    OutputStream stdin = client.stdin();
    stdin.write((line + "\n").getBytes(UTF_8));
    stdin.flush();
  }

  private String file(String name) {
    return files.resolve(name).toString();
  }
}
