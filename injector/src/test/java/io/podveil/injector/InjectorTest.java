package io.podveil.injector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.podveil.injector.Options.CertificateFiles;
import io.podveil.injector.injection.Pods;
import io.podveil.injector.serving.Credential;
import io.podveil.injector.serving.SelfMade;
import io.podveil.injector.serving.Tls;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole program, with a certificate from files. */
class InjectorTest {
  private static final Duration SOON = Duration.ofSeconds(20);

  private final SelfMade maker = new SelfMade("localhost");
  private final Credential first = maker.make(Instant.now());
  private final Credential second = maker.make(Instant.now());
  private final int port = freePort();
  private final int adminPort = freePort();
  @TempDir private Path directory;
  private Injector injector;

  @BeforeEach
  void start() throws Exception {
    Tls.write(directory, first);
    injector = Injector.start(options(), Map.of(), InstantSource.system());
  }

  @AfterEach
  void stop() {
    injector.stop(Duration.ZERO);
  }

  @Test
  void isAliveAndReadyAndTellsItsFigures() throws Exception {
    assertThat(get("/livez")).isEqualTo("200 ok\n");
    assertThat(get("/readyz")).isEqualTo("200 ok\n");
    assertThat(get("/metrics"))
        .contains(
            "podveil_injector_certificate_expiry_timestamp_seconds "
                + first.notAfter().getEpochSecond());
    assertThat(get("/elsewhere")).startsWith("404");
  }

  @Test
  void servesARenewedCertificateWithoutARestart() throws Exception {
    assertThat(served()).isEqualTo(first.leaf());

    Tls.write(directory, second);

    await().atMost(SOON).untilAsserted(() -> assertThat(served()).isEqualTo(second.leaf()));
  }

  @Test
  void keepsWhatItHasWhileTheFilesAreBadAndTakesThemWhenTheyAreGood() throws Exception {
    Files.writeString(directory.resolve("tls.crt"), "garbage");
    Files.delete(directory.resolve("tls.key"));
    await().during(Duration.ofSeconds(3)).atMost(SOON).until(() -> served().equals(first.leaf()));

    Tls.write(directory, second);

    await().atMost(SOON).untilAsserted(() -> assertThat(served()).isEqualTo(second.leaf()));
  }

  @Test
  void saysWhichPortIsTaken() {
    assertThatThrownBy(() -> Injector.start(options(), Map.of(), InstantSource.system()))
        .isInstanceOf(StartException.class)
        .hasMessageContaining("cannot listen on port " + port);
  }

  private Options options() {
    return new Options(
        port,
        adminPort,
        "podveil-system",
        Optional.of(
            new CertificateFiles(directory.resolve("tls.crt"), directory.resolve("tls.key"))),
        Pods.INSTALLATION,
        Pods.DEFAULTS);
  }

  private X509Certificate served() throws Exception {
    try (SSLSocket socket =
        (SSLSocket)
            Tls.trusting(List.of(first.leaf(), second.leaf()))
                .getSocketFactory()
                .createSocket("localhost", port)) {
      return (X509Certificate) socket.getSession().getPeerCertificates()[0];
    }
  }

  private String get(String path) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      var response =
          client.send(
              HttpRequest.newBuilder(URI.create("http://localhost:" + adminPort + path)).build(),
              BodyHandlers.ofString());
      return response.statusCode() + " " + response.body();
    }
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
