package io.podveil.certs.signer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.net.InetAddress;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.Date;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class LocalSignerTest {
  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
  private static final SpiffeId WEB = SpiffeId.ofServiceAccount("cluster.local", "shop", "web");
  private static final List<InetAddress> ADDRESSES =
      List.of(InetAddress.ofLiteral("10.0.0.2"), InetAddress.ofLiteral("fd00::2"));
  private static final Duration DAY = Duration.ofHours(24);

  private final LocalSigner signer = LocalSigner.create("cluster.local", InstantSource.fixed(NOW));

  @Test
  void aLeafCarriesExactlyTheIdentityAndTheAddresses() throws Exception {
    X509Certificate leaf = signer.issue(WEB, ADDRESSES, DAY).certificate().leaf();

    assertThat(leaf.getSubjectAlternativeNames())
        .containsExactly(
            List.of(6, "spiffe://cluster.local/ns/shop/sa/web"),
            List.of(7, "10.0.0.2"),
            List.of(7, "fd00:0:0:0:0:0:0:2"));
    assertThat(leaf.getSubjectX500Principal().getName()).isEmpty();
    assertThat(leaf.getBasicConstraints()).isEqualTo(-1);
    assertThat(leaf.getKeyUsage())
        .containsExactly(true, false, false, false, false, false, false, false, false);
    assertThat(leaf.getExtendedKeyUsage())
        .containsExactlyInAnyOrder("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2");
    // Basic constraints, key usage, and the names, as the subject is empty.
    assertThat(leaf.getCriticalExtensionOIDs())
        .containsExactlyInAnyOrder("2.5.29.19", "2.5.29.15", "2.5.29.17");
    assertThat(leaf.getNonCriticalExtensionOIDs())
        .containsExactlyInAnyOrder("2.5.29.37", "2.5.29.14", "2.5.29.35");
    assertThat(leaf.getSigAlgName()).isEqualTo("SHA256withECDSA");
    assertThat(((ECPublicKey) leaf.getPublicKey()).getParams().getOrder().bitLength())
        .isEqualTo(256);
  }

  @Test
  void aLeafBeginsAMinuteAgoAndLivesAsLongAsAsked() {
    X509Certificate leaf = signer.issue(WEB, ADDRESSES, DAY).certificate().leaf();
    assertThat(leaf.getNotBefore()).isEqualTo(Date.from(NOW.minusSeconds(60)));
    assertThat(leaf.getNotAfter()).isEqualTo(Date.from(NOW.plus(DAY)));
  }

  @Test
  void aLeafNeverOutlivesItsIssuer() {
    for (Duration life : List.of(Duration.ofDays(36_500), Duration.ofSeconds(Long.MAX_VALUE))) {
      assertThat(signer.issue(WEB, ADDRESSES, life).certificate().notAfter())
          .isEqualTo(signer.notAfter());
    }
  }

  @Test
  void anExpiredAuthoritySignsNothing() {
    LocalSigner later = reloaded(NOW.plus(Duration.ofDays(3650)));
    assertThatThrownBy(() -> later.issue(WEB, ADDRESSES, DAY))
        .isInstanceOf(SignerException.class)
        .hasMessageContaining("expired at 2036-02-27T12:00:00Z");
  }

  @Test
  void theRootIsAnAuthorityOfTheTrustDomain() throws Exception {
    X509Certificate root = signer.roots().getFirst();
    assertThat(root.getBasicConstraints()).isEqualTo(1);
    assertThat(root.getKeyUsage())
        .containsExactly(false, false, false, false, false, true, true, false, false);
    assertThat(root.getSubjectAlternativeNames())
        .containsExactly(List.of(6, "spiffe://cluster.local"));
    assertThat(root.getNotAfter()).isEqualTo(Date.from(NOW.plus(Duration.ofDays(3650))));
    assertThat(root.getIssuerX500Principal()).isEqualTo(root.getSubjectX500Principal());
    assertThat(signer.trustDomain()).contains("cluster.local");
  }

  @Test
  void twoRootsDifferInName() {
    LocalSigner other = LocalSigner.create("cluster.local", InstantSource.fixed(NOW));
    assertThat(other.roots().getFirst().getSubjectX500Principal())
        .isNotEqualTo(signer.roots().getFirst().getSubjectX500Principal());
  }

  @Test
  void serialsArePositiveAndNeverRepeat() {
    KeyPair keys = LocalSigner.newKeyPair();
    Set<BigInteger> serials = new HashSet<>();
    for (int i = 0; i < 200; i++) {
      serials.add(signer.sign(keys.getPublic(), WEB, ADDRESSES, DAY).leaf().getSerialNumber());
    }
    assertThat(serials).hasSize(200).allMatch(serial -> serial.signum() > 0);
    assertThat(serials.stream().mapToInt(BigInteger::bitLength).max().orElse(0))
        .isBetween(120, 128);
  }

  @Test
  void theChainSatisfiesTheJdk() throws Exception {
    validate(signer.issue(WEB, ADDRESSES, DAY).certificate(), signer.roots());
  }

  @Test
  void anotherAuthoritysRootDoesNotVerifyTheChain() {
    LocalSigner other = LocalSigner.create("cluster.local", InstantSource.fixed(NOW));
    IssuedCertificate issued = signer.issue(WEB, ADDRESSES, DAY).certificate();
    assertThatThrownBy(() -> validate(issued, other.roots()))
        .isInstanceOf(CertPathValidatorException.class);
  }

  @Test
  void aServersCertificateHasItsHostNames() throws Exception {
    IssuedCertificate issued =
        signer.sign(
            LocalSigner.newKeyPair().getPublic(),
            Names.ofServer(WEB, List.of("certs.podveil.svc")),
            DAY);
    assertThat(issued.leaf().getSubjectAlternativeNames())
        .containsExactly(List.of(6, WEB.toString()), List.of(2, "certs.podveil.svc"));
    validate(issued, signer.roots());
  }

  @Test
  void refusesIdsThatItMustNotSign() {
    assertThatThrownBy(() -> signer.issue(SpiffeId.parse("spiffe://other/x"), ADDRESSES, DAY))
        .isInstanceOf(SignerException.class)
        .hasMessageContaining("cluster.local");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> signer.issue(SpiffeId.ofTrustDomain("cluster.local"), ADDRESSES, DAY))
        .withMessageContaining("trust domain");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> signer.issue(WEB, ADDRESSES, Duration.ZERO));
  }

  @Test
  void aSubordinateSignsInItsNameAndLeadsToTheSameRoot() throws Exception {
    LocalSigner below = signer.subordinate(Duration.ofDays(30));
    IssuedCertificate issued = below.issue(WEB, ADDRESSES, Duration.ofDays(60)).certificate();
    assertThat(issued.chain()).hasSize(2);
    assertThat(issued.roots()).isEqualTo(signer.roots());
    assertThat(issued.notAfter()).isEqualTo(NOW.plus(Duration.ofDays(30)));
    assertThat(issued.chain().get(1).getBasicConstraints()).isZero();
    validate(issued, signer.roots());
    assertThat(below.subordinate(Duration.ofDays(1))).isSameAs(below);
  }

  @Test
  void signsForEcKeysOfTwoSizesOnly() throws Exception {
    for (String curve : List.of("secp256r1", "secp384r1")) {
      assertThat(signer.sign(ec(curve).getPublic(), WEB, ADDRESSES, DAY).leaf()).isNotNull();
    }
    KeyPair rsa = KeyPairGenerator.getInstance("RSA").generateKeyPair();
    KeyPair edwards = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
    for (KeyPair wrong : List.of(ec("secp521r1"), rsa, edwards)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> signer.sign(wrong.getPublic(), WEB, ADDRESSES, DAY))
          .withMessageContaining("P-256");
    }
  }

  @Test
  void aReloadedAuthoritySignsForTheSameRoot() throws Exception {
    LocalSigner again = reloaded(NOW);
    assertThat(again.roots()).isEqualTo(signer.roots());
    validate(again.issue(WEB, ADDRESSES, DAY).certificate(), signer.roots());
  }

  @Test
  void keysShowInNoText() {
    Credential credential = signer.issue(WEB, ADDRESSES, DAY);
    String secret = Base64.getEncoder().encodeToString(credential.key().getEncoded());
    assertThat(credential.keyPem()).startsWith("-----BEGIN PRIVATE KEY-----\n");
    assertThat(credential.toString() + signer)
        .doesNotContain(secret.substring(60, 80))
        .doesNotContain("PRIVATE");
  }

  private LocalSigner reloaded(Instant now) {
    return LocalSigner.load(signer.certificatePem(), signer.keyPem(), InstantSource.fixed(now));
  }

  private static KeyPair ec(String curve) throws GeneralSecurityException {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(new ECGenParameterSpec(curve));
    return generator.generateKeyPair();
  }

  private static void validate(IssuedCertificate issued, List<X509Certificate> roots)
      throws GeneralSecurityException {
    Set<TrustAnchor> anchors = new HashSet<>();
    roots.forEach(root -> anchors.add(new TrustAnchor(root, null)));
    var parameters = new PKIXParameters(anchors);
    parameters.setRevocationEnabled(false);
    parameters.setDate(Date.from(NOW));
    CertPathValidator.getInstance("PKIX")
        .validate(
            CertificateFactory.getInstance("X.509").generateCertPath(issued.chain()), parameters);
  }
}
