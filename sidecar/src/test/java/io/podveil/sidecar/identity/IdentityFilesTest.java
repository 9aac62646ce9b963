package io.podveil.sidecar.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.podveil.sidecar.testbed.TestAuthority;
import io.podveil.sidecar.testbed.TestAuthority.Bad;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdentityFilesTest {

  private final TestAuthority authority = TestAuthority.create();

  @TempDir Path directory;

  @Test
  void readsThreeFiles() {
    IdentityFiles files =
        authority.intermediate().issue("ns/shop/sa/cart").write(directory, authority.roots());

    Identity identity = files.load();

    assertThat(identity.credential().id().shortForm()).isEqualTo("ns/shop/sa/cart");
    assertThat(identity.credential().chain()).hasSize(2);
    assertThat(identity.roots()).isEqualTo(authority.roots());
  }

  @Test
  void namesTheFileThatIsMissing() throws IOException {
    IdentityFiles files = good();

    Files.delete(files.key());

    assertRefused(files, files.key() + ": is not there; is its volume mounted?");
  }

  @Test
  void namesTheFileThatIsNoPem() throws IOException {
    IdentityFiles files = good();

    Files.writeString(files.certificate(), "hello");

    assertRefused(files, files.certificate() + ": it holds no certificate in PEM form");
  }

  @Test
  void namesTheFileThatIsADirectory() throws IOException {
    IdentityFiles files = good();

    Files.delete(files.roots());
    Files.createDirectory(files.roots());

    assertRefused(files, files.roots() + ": can't be read: ");
  }

  @Test
  void refusesAFileWithoutEnd() {
    IdentityFiles files = good();
    IdentityFiles endless =
        new IdentityFiles(
            Path.of("/dev/zero"), files.key(), files.roots(), TestAuthority.TRUST_DOMAIN);

    assertRefused(endless, "/dev/zero: is larger than 1 MiB");
  }

  @Test
  void refusesAnotherTrustDomain() {
    IdentityFiles files =
        authority
            .issueBad(Bad.WRONG_TRUST_DOMAIN, "ns/shop/sa/cart")
            .write(directory, authority.roots());

    assertRefused(
        files,
        files.certificate()
            + ": is spiffe://elsewhere.example/ns/shop/sa/cart, not of the trust domain"
            + " cluster.local");
  }

  @Test
  void refusesACertificateOfAnotherRoot() {
    IdentityFiles files =
        authority.issue("ns/shop/sa/cart").write(directory, TestAuthority.create().roots());

    assertRefused(files, files.certificate() + ": our own certificate would be refused");
  }

  private IdentityFiles good() {
    return authority.issue("ns/shop/sa/cart").write(directory, authority.roots());
  }

  private static void assertRefused(IdentityFiles files, String message) {
    assertThatExceptionOfType(IdentityException.class)
        .isThrownBy(files::load)
        .withMessageStartingWith(message);
  }
}
