package io.podveil.injector.serving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CredentialFilesTest {
  private final SelfMade maker = new SelfMade("localhost");
  private final Credential first = maker.make(Instant.now());
  @TempDir private Path directory;
  private CredentialFiles files;

  @BeforeEach
  void writeFiles() throws IOException {
    Tls.write(directory, first);
    files =
        new CredentialFiles(
            directory.resolve("tls.crt"), directory.resolve("tls.key"), InstantSource.system());
  }

  @Test
  void readsWhatWasWritten() throws Exception {
    assertThat(files.readIfChanged().orElseThrow().leaf()).isEqualTo(first.leaf());
  }

  @Test
  void readsAgainOnlyWhatHasChanged() throws Exception {
    files.readIfChanged();
    assertThat(files.readIfChanged()).isEmpty();

    Credential second = maker.make(Instant.now());
    Tls.write(directory, second);

    assertThat(files.readIfChanged().orElseThrow().leaf()).isEqualTo(second.leaf());
  }

  @Test
  void refusesACertificateWhoseKeyIsStillTheOldOne() throws Exception {
    files.readIfChanged();
    Files.writeString(directory.resolve("tls.crt"), Tls.pem(maker.make(Instant.now()).leaf()));

    assertThatThrownBy(files::readIfChanged)
        .isInstanceOf(UnusableException.class)
        .hasMessageContaining("tls.key is not the key of")
        .hasMessageContaining("tls.crt");
  }

  @Test
  void refusesWhatHasExpired() throws Exception {
    Tls.write(directory, maker.make(Instant.now().minus(Duration.ofDays(3))));

    assertThatThrownBy(files::readIfChanged)
        .isInstanceOf(UnusableException.class)
        .hasMessageContaining("expired at");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "garbage", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"})
  void refusesGarbageWithoutRepeatingIt(String content) throws Exception {
    Files.writeString(directory.resolve("tls.key"), content);

    assertThatThrownBy(files::readIfChanged)
        .isInstanceOf(UnusableException.class)
        .hasMessageContaining("tls.key")
        .hasMessageNotContaining("AAAA")
        .hasNoCause();
  }

  @Test
  void refusesAMissingFileByItsName() throws Exception {
    Files.delete(directory.resolve("tls.crt"));

    assertThatThrownBy(files::readIfChanged)
        .isInstanceOf(UnusableException.class)
        .hasMessageContaining("tls.crt");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ecparam -name prime256v1 -genkey -noout -out tls.key", // EC PRIVATE KEY
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out tls.key", // PRIVATE KEY
        "genrsa -traditional -out tls.key 2048", // RSA PRIVATE KEY
        "genpkey -algorithm RSA -out tls.key" // PRIVATE KEY
      })
  void readsTheKeysThatOpensslMakes(String genkey) throws Exception {
    openssl(genkey);
    openssl("req -x509 -new -key tls.key -subj /CN=openssl -days 2 -out tls.crt");

    Credential read = files.readIfChanged().orElseThrow();

    assertThat(read.leaf().getSubjectX500Principal().getName()).isEqualTo("CN=openssl");
  }

  private void openssl(String arguments) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(List.of(("openssl " + arguments).split(" ")))
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
  }

  @Test
  void neverShowsTheKey() {
    assertThat(first.toString())
        .startsWith("Credential[CN=podveil-injector until ")
        .hasSizeLessThan(80);
  }
}
