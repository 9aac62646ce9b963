package io.podveil.certs.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.podveil.certs.signer.Credential;
import io.podveil.certs.signer.LocalSigner;
import io.podveil.certs.signer.Openssl;
import io.podveil.certs.signer.SpiffeId;
import io.podveil.certs.signer.TrustRoots;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Certificates of the right authority that must not get in all the same. */
final class MeshClientsTest {
  private static final SpiffeId WEB = SpiffeId.parse("spiffe://td/ns/shop/sa/web");
  private static final String GOOD =
      """
      subjectAltName=critical,URI:spiffe://td/ns/shop/sa/web
      basicConstraints=critical,CA:FALSE
      keyUsage=critical,digitalSignature
      extendedKeyUsage=serverAuth,clientAuth
      """;

  private final LocalSigner ca = LocalSigner.create("td", InstantSource.system());
  private final MeshClients clients = new MeshClients(() -> new TrustRoots(ca.roots()), "td");

  @TempDir private Path dir;

  @BeforeEach
  void writeAuthority() throws Exception {
    write("root", ca.certificatePem(), ca.keyPem());
  }

  @Test
  void letsInWhatIsRight() throws Exception {
    check(opensslSigns("root", "leaf", GOOD));
    LocalSigner below = ca.subordinate(Duration.ofDays(1));
    Credential credential = below.issue(WEB, List.of(), Duration.ofHours(1));
    check(credential.certificate().chain());
    assertThat(clients.namesOf(credential.certificate().leaf()).orElseThrow().id()).isEqualTo(WEB);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "subjectAltName=.*->",
        "URI:spiffe://td/ns/shop/sa/web->URI:spiffe://td/a,URI:spiffe://td/b",
        "URI:spiffe://td/ns/shop/sa/web->URI:spiffe://other/a",
        "URI:spiffe://td/ns/shop/sa/web->URI:spiffe://td",
        "URI:spiffe://td/ns/shop/sa/web->URI:https://td/a",
        "URI:spiffe://td/ns/shop/sa/web->DNS:web.shop.svc",
        "sa/web\n->sa/web,email:a@example.com\n",
        "CA:FALSE->CA:TRUE",
        "digitalSignature->digitalSignature,keyCertSign",
        "digitalSignature->digitalSignature,cRLSign",
        "digitalSignature->keyAgreement",
        "keyUsage=.*->",
        "serverAuth,clientAuth->serverAuth",
        "extendedKeyUsage=.*->",
        "\\z->1.2.3.4=critical,ASN1:UTF8String:odd\n"
      })
  void keepsOutWhatIsNoWorkloadsCertificate(String change) throws Exception {
    String[] parts = change.split("->", -1);
    String extensions = GOOD.replaceFirst(parts[0], parts[1]);
    assertThat(extensions).isNotEqualTo(GOOD);
    assertKeptOut(opensslSigns("root", "leaf", extensions));
  }

  @Test
  void keepsOutWhatAnotherAuthoritySigned() {
    LocalSigner other = LocalSigner.create("td", InstantSource.system());
    assertKeptOut(other.issue(WEB, List.of(), Duration.ofHours(1)).certificate().chain());
  }

  @Test
  void keepsOutWhatExpiredOrIsNotValidYet() {
    for (int hours : new int[] {-48, 48}) {
      InstantSource then = InstantSource.fixed(Instant.now().plus(Duration.ofHours(hours)));
      LocalSigner shifted = LocalSigner.load(ca.certificatePem(), ca.keyPem(), then);
      assertKeptOut(shifted.issue(WEB, List.of(), Duration.ofHours(1)).certificate().chain());
    }
  }

  @Test
  void keepsOutWhatALeafSigned() throws Exception {
    List<X509Certificate> leaf = opensslSigns("root", "leaf", GOOD);
    List<X509Certificate> below = new ArrayList<>(opensslSigns("leaf", "below", GOOD));
    below.addAll(leaf);
    assertKeptOut(below);
  }

  @Test
  void keepsOutWhatIsBelowTooManyAuthorities() throws Exception {
    LocalSigner intermediate = ca.subordinate(Duration.ofDays(1));
    write("intermediate", intermediate.certificatePem(), intermediate.keyPem());
    String authority = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n";
    List<X509Certificate> chain = new ArrayList<>();
    List<X509Certificate> second = opensslSigns("intermediate", "second", authority);
    chain.addAll(opensslSigns("second", "leaf", GOOD));
    chain.addAll(second);
    chain.add(TrustRoots.read("test", intermediate.certificatePem()).certificates().getFirst());
    assertKeptOut(chain);
  }

  @Test
  void keepsOutAnEmptyChain() {
    assertKeptOut(List.of());
  }

  private List<X509Certificate> opensslSigns(String issuer, String name, String extensions)
      throws Exception {
    Files.writeString(dir.resolve("ext"), extensions);
    Openssl.run(
        dir,
        "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj /CN=%s -keyout %s.key -out csr"
            .formatted(name, name));
    Openssl.run(
        dir,
        "x509 -req -in csr -CA %s.pem -CAkey %s.key -days 1 -extfile ext -out %s.pem"
            .formatted(issuer, issuer, name));
    String pem = Files.readString(dir.resolve(name + ".pem"));
    return TrustRoots.read(name, pem).certificates();
  }

  private void write(String name, String certificate, String key) throws Exception {
    Files.writeString(dir.resolve(name + ".pem"), certificate);
    Files.writeString(dir.resolve(name + ".key"), key);
  }

  private void assertKeptOut(List<X509Certificate> chain) {
    assertThatExceptionOfType(CertificateException.class).isThrownBy(() -> check(chain));
  }

  private void check(List<X509Certificate> chain) throws CertificateException {
    clients.checkClientTrusted(chain.toArray(X509Certificate[]::new), "UNKNOWN");
  }
}
