package io.podveil.sidecar;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import io.podveil.sidecar.testbed.Family;
import io.podveil.sidecar.testbed.Flood;
import io.podveil.sidecar.testbed.Line;
import io.podveil.sidecar.testbed.Mesh;
import io.podveil.sidecar.testbed.MeshedPod;
import io.podveil.sidecar.testbed.Pod;
import io.podveil.sidecar.testbed.Program;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Peers with a certificate of the mesh and no sidecar: they speak plain TLS, and their app's own.
 */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ForeignPeerIT {
  private static final int SERVER_PORT = 4433;

  private Mesh mesh;
  private MeshedPod cart;
  private MeshedPod web;

  /** Has a certificate that names its addresses, and no sidecar. */
  private Pod legacy;

  private Path tool;
  private Path legacyFiles;

  @BeforeAll
  void lay(@TempDir Path directory) {
    mesh = Mesh.lay();
    cart = mesh.pod("cart");
    web = mesh.pod("web");
    legacy = mesh.plainPod();
    tool = directory.resolve("tool");
    mesh.authority().issue("ns/shop/sa/tool").write(tool, mesh.authority().roots());
    legacyFiles = directory.resolve("legacy");
    mesh.authority()
        .issue("ns/shop/sa/legacy", legacy.v4().getHostAddress(), legacy.v6().getHostAddress())
        .write(legacyFiles, mesh.authority().roots());
  }

  @AfterAll
  void close() {
    mesh.close();
  }

  @ParameterizedTest
  @EnumSource
  void curlWithACertificateOfTheMeshReachesTheApp(Family family) throws Exception {
    HttpServer app = web.namespace().call(ForeignPeerIT::startHttp);
    try {
      String answer =
          mesh.wire()
              .outside()
              .run(
                  "curl",
                  "--silent",
                  "--show-error",
                  "--max-time",
                  "20",
                  "--cert",
                  tool.resolve("cert.pem").toString(),
                  "--key",
                  tool.resolve("key.pem").toString(),
                  "--cacert",
                  tool.resolve("ca.pem").toString(),
                  "--write-out",
                  " and it came from port %{local_port}",
                  "https://" + at(web.address(family), app.getAddress().getPort()) + "/");
      assertThat(answer)
          .matches(
              "hello /\\[?"
                  + mesh.wire().router(family).getHostAddress()
                  + "\\]?:(\\d+) and it came from port \\1");
      web.sidecar().await("as ns/shop/sa/web from ns/shop/sa/tool mtls TLSv1.3 ");
    } finally {
      app.stop(0);
    }
  }

  @ParameterizedTest
  @EnumSource
  void openSslAsAClientSaysAndHearsAndEndsInOrder(Family family) throws Exception {
    try (ServerSocket listener = Line.listen(web.namespace());
        Program client = openSslClient(web.address(family), listener);
        Socket server = accept(listener)) {
      client.stdin().write("hello\n".getBytes(UTF_8));
      client.stdin().flush();
      assertThat(server.getInputStream().readNBytes(6)).asString(UTF_8).isEqualTo("hello\n");
      server.getOutputStream().write("and to you\n".getBytes(UTF_8));
      client.await("^and to you$");
      client.stdin().close();
      assertThat(server.getInputStream().read()).isEqualTo(-1);
      server.shutdownOutput();
      web.sidecar().await("from ns/shop/sa/tool mtls TLSv1.3 6B up 11B down");
    }
  }

  @Test
  void anAppThatGoesOnAfterItsClientHasClosedIsTold() throws Exception {
    try (ServerSocket listener = Line.listen(web.namespace());
        Program client = openSslClient(web.address(Family.V4), listener);
        Socket server = accept(listener)) {
      client.stdin().close();
      assertThat(server.getInputStream().read()).isEqualTo(-1);
      client.exit();
      Line.assertResetWhileWriting(server);
      web.sidecar().await("cut off by peer: closed before it had read everything");
    }
  }

  @Test
  void anAppThatIsStillSendingWhenItsClientClosesIsTold() throws Exception {
    try (ServerSocket listener = Line.listen(web.namespace());
        Program client = openSslClient(web.address(Family.V4), listener);
        Socket server = accept(listener)) {
      client.signal("STOP");
      Flood flood = Flood.untilStuck(server);
      client.stdin().close();
      client.signal("CONT");
      flood.broken();
    }
  }

  @Test
  void theAppsEndIsACloseNotify() throws Exception {
    try (ServerSocket listener = Line.listen(web.namespace());
        Program client = openSslClient(web.address(Family.V4), listener);
        Socket server = accept(listener)) {
      server.getOutputStream().write("that is all\n".getBytes(UTF_8));
      server.shutdownOutput();
      client.await("^that is all$");
      // It complains about an "unexpected eof" where the close_notify is missing.
      assertThat(client.exit()).isZero();
      assertThat(server.getInputStream().read()).isEqualTo(-1);
    }
  }

  @Test
  void theAppsResetIsNoOrderlyEnd() throws Exception {
    try (ServerSocket listener = Line.listen(web.namespace());
        Program client = openSslClient(web.address(Family.V4), listener);
        Socket server = accept(listener)) {
      server.getOutputStream().write("that is not a\n".getBytes(UTF_8));
      client.await("^that is not a$");
      Line.reset(server);
      assertThat(client.exit()).isNotZero();
    }
  }

  @Test
  void aClientThatIsCutOffIsAResetForTheApp() throws Exception {
    try (ServerSocket listener = Line.listen(web.namespace());
        Program client = openSslClient(web.address(Family.V6), listener);
        Socket server = accept(listener)) {
      client.stdin().write("hel".getBytes(UTF_8));
      client.stdin().flush();
      assertThat(server.getInputStream().readNBytes(3)).asString(UTF_8).isEqualTo("hel");
      client.signal("KILL"); // The kernel says FIN for it; nobody says close_notify.
      Line.assertReset(server);
    }
  }

  @ParameterizedTest
  @EnumSource
  void openSslAsAServerHearsAndSaysAndEndsInOrder(Family family) throws Exception {
    try (Program server = openSslServer("-rev"); // Reverses each line; CLOSE is the end.
        Socket client = Line.dial(cart.namespace(), legacy.address(family), SERVER_PORT)) {
      client.getOutputStream().write("hello\n".getBytes(UTF_8));
      assertThat(client.getInputStream().readNBytes(6)).asString(UTF_8).isEqualTo("olleh\n");
      client.getOutputStream().write("CLOSE\n".getBytes(UTF_8));
      assertThat(client.getInputStream().read()).isEqualTo(-1);
      client.shutdownOutput();
      cart.sidecar()
          .await("as ns/shop/sa/cart to ns/shop/sa/legacy mtls TLSv1.3 12B up 6B down \\d+ms$");
      assertThat(server.isAlive()).isTrue();
    }
  }

  @Test
  void theClientsEndIsACloseNotify() throws Exception {
    try (Program server = openSslServer("-quiet");
        Socket client = Line.dial(cart.namespace(), legacy.v4(), SERVER_PORT)) {
      client.getOutputStream().write("hello\n".getBytes(UTF_8));
      server.await("^hello$");
      client.shutdownOutput();
      // It complains about an "unexpected eof" where the close_notify is missing.
      assertThat(client.getInputStream().read()).isEqualTo(-1);
      assertThat(server.lines()).noneMatch(line -> line.toLowerCase(Locale.ROOT).contains("eof"));
    }
  }

  @Test
  void aServerThatIsCutOffIsAResetForTheApp() throws Exception {
    try (Program server = openSslServer("-quiet");
        Socket client = Line.dial(cart.namespace(), legacy.v6(), SERVER_PORT)) {
      client.getOutputStream().write("hello\n".getBytes(UTF_8));
      server.await("^hello$");
      server.signal("KILL");
      Line.assertReset(client);
    }
  }

  private Program openSslClient(InetAddress address, ServerSocket listener) {
    return mesh.wire()
        .outside()
        .start(
            openSsl("s_client", tool, "-quiet", "-no_ign_eof", "-connect")
                .with(at(address, listener.getLocalPort())));
  }

  private Program openSslServer(String how) {
    Program server =
        legacy
            .namespace()
            .start(
                openSsl("s_server", legacyFiles, how, "-Verify", "1", "-accept")
                    .with(Integer.toString(SERVER_PORT)));
    await()
        .untilAsserted(() ->
            assertThat(legacy.namespace().run("ss", "-Hlnt", "sport = " + SERVER_PORT))
                .isNotEmpty());
    return server;
  }

  private record CommandLine(List<String> words) {
    String[] with(String last) {
      List<String> all = new ArrayList<>(words);
      all.add(last);
      return all.toArray(String[]::new);
    }
  }

  private static CommandLine openSsl(String command, Path files, String... options) {
    List<String> words = new ArrayList<>(List.of("openssl", command));
    words.addAll(List.of("-cert", files.resolve("cert.pem").toString()));
    words.addAll(List.of("-key", files.resolve("key.pem").toString()));
    words.addAll(List.of("-CAfile", files.resolve("ca.pem").toString()));
    words.addAll(List.of(options));
    return new CommandLine(words);
  }

  private static Socket accept(ServerSocket listener) throws IOException {
    Socket server = listener.accept();
    server.setSoTimeout(30_000);
    return server;
  }

  private static HttpServer startHttp() throws IOException {
    HttpServer app = HttpServer.create(new InetSocketAddress(0), 5);
    app.createContext(
        "/",
        exchange -> {
          byte[] answer = ("hello " + exchange.getRemoteAddress()).getBytes(UTF_8);
          exchange.sendResponseHeaders(200, answer.length);
          exchange.getResponseBody().write(answer);
          exchange.close();
        });
    app.start();
    return app;
  }

  private static String at(InetAddress address, int port) {
    return io.netty.util.NetUtil.toSocketAddressString(new InetSocketAddress(address, port));
  }
}
