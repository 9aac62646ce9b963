package io.podveil.sidecar.identity;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.podveil.sidecar.testbed.Issued;
import io.podveil.sidecar.testbed.TestAuthority;
import io.podveil.sidecar.testbed.TestAuthority.Bad;
import io.podveil.sidecar.testbed.TestLeaf;
import java.io.ByteArrayInputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class TrustBundleTest {

  private static final TestAuthority AUTHORITY = TestAuthority.create();
  private static final String CART = "ns/shop/sa/cart";

  @Test
  void saysWhoAPeerIs() throws Exception {
    Issued cart = AUTHORITY.issue(CART, "10.0.0.1", "fd00::1");

    Svid svid = verify(cart.chain());

    assertThat(svid.id().shortForm()).isEqualTo(CART);
    assertThat(svid.addresses())
        .containsExactlyInAnyOrder(
            InetAddress.ofLiteral("10.0.0.1"), InetAddress.ofLiteral("fd00::1"));
    assertThat(svid.notAfter()).isEqualTo(cart.leaf().getNotAfter().toInstant());
  }

  @ParameterizedTest
  @CsvSource({
    "EXPIRED,EXPIRED",
    "NOT_YET_VALID,NOT_YET_VALID",
    "WRONG_CA,UNKNOWN_AUTHORITY",
    "NO_SAN,NOT_AN_SVID",
    "TWO_URI_SANS,NOT_AN_SVID",
    "CA_AS_LEAF,NOT_AN_SVID",
    "WRONG_TRUST_DOMAIN,WRONG_TRUST_DOMAIN",
    "HUGE,TOO_LARGE"
  })
  void refusesEachBadKind(Bad kind, Flaw flaw) {
    assertRefused(flaw, AUTHORITY.issueBad(kind, CART).chain());
  }

  static Stream<Arguments> flawedLeaves() throws Exception {
    return Stream.of(
        shape("no key usage", Flaw.NOT_AN_SVID, leaf -> leaf.usage(0)),
        shape("for agreement only", Flaw.NOT_AN_SVID, leaf -> leaf.usage(KeyUsage.keyAgreement)),
        shape(
            "signs certificates",
            Flaw.NOT_AN_SVID,
            leaf -> leaf.usage(KeyUsage.digitalSignature | KeyUsage.keyCertSign)),
        shape(
            "signs CRLs",
            Flaw.NOT_AN_SVID,
            leaf -> leaf.usage(KeyUsage.digitalSignature | KeyUsage.cRLSign)),
        shape(
            "for servers only",
            Flaw.WRONG_USAGE,
            leaf -> leaf.purposes(KeyPurposeId.id_kp_serverAuth)),
        shape(
            "for code only",
            Flaw.WRONG_USAGE,
            leaf -> leaf.purposes(KeyPurposeId.id_kp_codeSigning)),
        shape("unknown critical extension", Flaw.MALFORMED, TestLeaf::unknownCriticalExtension),
        shape("serial number zero", Flaw.MALFORMED, leaf -> leaf.serial(0)),
        shape("negative serial number", Flaw.MALFORMED, leaf -> leaf.serial(-1)),
        shape("weak key", Flaw.MALFORMED, leaf -> leaf.keys(rsa(1024))));
  }

  private static Arguments shape(String name, Flaw flaw, UnaryOperator<TestLeaf> shaping) {
    return arguments(name, flaw, shaping.apply(AUTHORITY.leaf().id(CART)).issue());
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("flawedLeaves")
  void refusesALeafThatIsFlawed(String name, Flaw flaw, Issued issued) {
    assertRefused(flaw, issued.chain());
  }

  @ParameterizedTest
  @CsvSource({
    "spiffe://cluster.local",
    "spiffe://cluster.local/ns/../x",
    "https://cluster.local/ns/shop/sa/cart"
  })
  void refusesAUriThatNamesNobody(String uri) {
    assertRefused(Flaw.NOT_AN_SVID, AUTHORITY.leaf().uri(uri).issue().chain());
  }

  @Test
  void takesALeafWithoutExtendedUsageOrForAnyUse() throws Exception {
    verify(AUTHORITY.leaf().id(CART).purposes().issue().chain());
    verify(AUTHORITY.leaf().id(CART).purposes(KeyPurposeId.anyExtendedKeyUsage).issue().chain());
  }

  @Test
  void takesAnRsaKey() throws Exception {
    verify(AUTHORITY.leaf().id(CART).keys(rsa(2048)).issue().chain());
  }

  @Test
  void followsIntermediatesAndTakesARootThatIsSentAlong() throws Exception {
    Issued cart = AUTHORITY.intermediate().intermediate().issue(CART);
    List<X509Certificate> withRoot = new ArrayList<>(cart.chain());
    withRoot.add(AUTHORITY.root());

    assertThat(cart.chain()).hasSize(3);
    verify(cart.chain());
    verify(withRoot);
  }

  @Test
  void refusesAChainWithAGap() {
    Issued cart = AUTHORITY.intermediate().issue(CART);

    assertRefused(Flaw.UNKNOWN_AUTHORITY, List.of(cart.leaf()));
  }

  @Test
  void refusesALeafThatWasSignedByALeaf() {
    assertRefused(Flaw.MALFORMED, AUTHORITY.issuedByALeaf(CART).chain());
  }

  @Test
  void refusesMoreThanTenCertificates() {
    X509Certificate leaf = AUTHORITY.issue(CART).leaf();

    assertRefused(Flaw.TOO_LARGE, Collections.nCopies(11, leaf));
  }

  @Test
  void knowsTheRightOneOfSeveralRootsOfTheSameName() throws Exception {
    TestAuthority other = TestAuthority.create();

    assertThat(other.root().getSubjectX500Principal())
        .isEqualTo(AUTHORITY.root().getSubjectX500Principal());
    for (TrustBundle both : List.of(AUTHORITY.roots(other), other.roots(AUTHORITY))) {
      verify(both, AUTHORITY.issue(CART).chain());
      verify(both, other.issue(CART).chain());
    }
  }

  @Test
  void namesTheFlawEvenIfAnotherRootHasTheSameName() {
    Issued expired = AUTHORITY.issueBad(Bad.EXPIRED, CART);

    for (TrustBundle both :
        List.of(AUTHORITY.roots(TestAuthority.create()), TestAuthority.create().roots(AUTHORITY))) {
      assertRefused(Flaw.EXPIRED, both, expired.chain(), Instant.now());
    }
  }

  @Test
  void endsWithItsRoot() {
    Issued cart =
        AUTHORITY
            .leaf()
            .id(CART)
            .valid(Instant.now(), Instant.now().plus(Duration.ofDays(36500)))
            .issue();
    Instant afterTheRoot = AUTHORITY.root().getNotAfter().toInstant().plusSeconds(1);

    assertRefused(Flaw.EXPIRED, AUTHORITY.roots(), cart.chain(), afterTheRoot);
  }

  @Test
  void asksNobodyWhileItJudges() throws Exception {
    try (ServerSocket asked = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String url = "http://localhost:" + asked.getLocalPort() + "/";
      asked.setSoTimeout(300);

      verify(AUTHORITY.leaf().id(CART).pointingTo(url).issue().chain());
      assertRefused(
          Flaw.UNKNOWN_AUTHORITY,
          TestAuthority.create().leaf().id(CART).pointingTo(url).issue().chain());

      assertThatExceptionOfType(SocketTimeoutException.class).isThrownBy(asked::accept);
    }
  }

  @Test
  void aRootMustBeACa() {
    byte[] leaf = AUTHORITY.issue(CART).chainPem().getBytes(US_ASCII);

    assertThatExceptionOfType(IdentityException.class)
        .isThrownBy(() -> TrustBundle.parse(leaf))
        .withMessageContaining("not a CA's");
  }

  @Test
  void refusesASignatureThatDisownsItsLastBit() throws Exception {
    X509Certificate leaf = AUTHORITY.issue(CART).leaf();
    while ((leaf.getSignature()[leaf.getSignature().length - 1] & 1) != 0) {
      leaf = AUTHORITY.issue(CART).leaf();
    }
    byte[] der = leaf.getEncoded();
    // The first byte of the bit string says how many of its last bits are unused.
    der[der.length - leaf.getSignature().length - 1] = 1;

    assertRefused(Flaw.MALFORMED, List.of(parsed(der)));
  }

  @Property
  void oneWrongByteIsNeverAccepted(
      @ForAll @IntRange(max = 10_000) int position, @ForAll @IntRange(min = 1, max = 255) int flip)
      throws Exception {
    byte[] der = Mutated.LEAF.clone();
    der[position % der.length] ^= (byte) flip;
    X509Certificate mutant;
    try {
      mutant = parsed(der);
    } catch (CertificateException e) {
      return;
    }

    assertThatExceptionOfType(FlawedCertificateException.class)
        .isThrownBy(() -> verify(List.of(mutant)));
  }

  private static final class Mutated {
    static final byte[] LEAF = encoded(AUTHORITY.issue(CART, "10.0.0.1").leaf());
  }

  private static X509Certificate parsed(byte[] der) throws CertificateException {
    return (X509Certificate)
        CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der));
  }

  private static byte[] encoded(X509Certificate certificate) {
    try {
      return certificate.getEncoded();
    } catch (CertificateException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Svid verify(List<X509Certificate> chain) throws Exception {
    return verify(AUTHORITY.roots(), chain);
  }

  private static Svid verify(TrustBundle roots, List<X509Certificate> chain) throws Exception {
    return roots.verify(chain, TestAuthority.TRUST_DOMAIN, Usage.CLIENT, Instant.now());
  }

  private static void assertRefused(Flaw flaw, List<X509Certificate> chain) {
    assertRefused(flaw, AUTHORITY.roots(), chain, Instant.now());
  }

  private static void assertRefused(
      Flaw flaw, TrustBundle roots, List<X509Certificate> chain, Instant at) {
    assertThatExceptionOfType(FlawedCertificateException.class)
        .isThrownBy(() -> roots.verify(chain, TestAuthority.TRUST_DOMAIN, Usage.CLIENT, at))
        .satisfies(e -> {
          assertThat(e.flaw()).as(e.getMessage()).isEqualTo(flaw);
          assertThat(e.getMessage()).matches("[ -~]+");
        });
  }

  private static KeyPair rsa(int bits) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(bits);
      return generator.generateKeyPair();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
