package io.podveil.sidecar.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.podveil.sidecar.testbed.TestAuthority;
import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.net.InetAddress;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.stream.Stream;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.BERSequence;
import org.bouncycastle.asn1.DERBitString;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.DERTaggedObject;
import org.bouncycastle.asn1.DERUTCTime;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.GeneralSubtree;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.NameConstraints;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x509.Time;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Chains of the kinds that x509-limbo lists, signed byte by byte, for no honest library writes
 * them. Each is good but for the one thing that its name says (RFC 5280; X509-SVID sections 4 and
 * 5).
 */
class HostileChainsTest {
  private static final ASN1ObjectIdentifier ECDSA_SHA256 =
      new ASN1ObjectIdentifier("1.2.840.10045.4.3.2");
  private static final ASN1ObjectIdentifier ECDSA_SHA384 =
      new ASN1ObjectIdentifier("1.2.840.10045.4.3.3");
  private static final String CART = "spiffe://" + TestAuthority.TRUST_DOMAIN + "/ns/shop/sa/cart";

  /** A certificate in the making; the fields are what it says. */
  static final class Draft {
    final String name;
    final KeyPair keys = keys();
    final List<ASN1Encodable> extensions = new ArrayList<>();
    String issuer = "";
    ASN1Encodable version = new DERTaggedObject(0, new ASN1Integer(2));
    BigInteger serial = BigInteger.valueOf(System.nanoTime());
    ASN1ObjectIdentifier inner = ECDSA_SHA256;
    ASN1Encodable notBefore = new Time(Date.from(Instant.now().minus(Duration.ofHours(1))));
    ASN1Encodable notAfter = new Time(Date.from(Instant.now().plus(Duration.ofHours(1))));
    boolean der = true;

    Draft(String name) {
      this.name = name;
    }

    Draft with(ASN1ObjectIdentifier oid, boolean critical, ASN1Encodable value) throws Exception {
      byte[] bytes = value.toASN1Primitive().getEncoded(ASN1Encoding.DER);
      extensions.add(new Extension(oid, critical, new DEROctetString(bytes)));
      return this;
    }

    Draft without(ASN1ObjectIdentifier oid) {
      extensions.removeIf(extension -> ((Extension) extension).getExtnId().equals(oid));
      return this;
    }

    X509Certificate signedBy(Draft authority) throws Exception {
      ASN1EncodableVector tbs = new ASN1EncodableVector();
      tbs.add(version);
      tbs.add(new ASN1Integer(serial));
      tbs.add(new AlgorithmIdentifier(inner));
      tbs.add(new X500Name("CN=" + (issuer.isEmpty() ? authority.name : issuer)));
      tbs.add(new DERSequence(new ASN1Encodable[] {notBefore, notAfter}));
      tbs.add(new X500Name("CN=" + name));
      tbs.add(SubjectPublicKeyInfo.getInstance(keys.getPublic().getEncoded()));
      if (!extensions.isEmpty()) {
        tbs.add(new DERTaggedObject(3, new DERSequence(extensions.toArray(ASN1Encodable[]::new))));
      }
      ASN1Primitive toBeSigned = der ? new DERSequence(tbs) : new BERSequence(tbs);
      Signature signature = Signature.getInstance("SHA256withECDSA");
      signature.initSign(authority.keys.getPrivate());
      signature.update(toBeSigned.getEncoded());
      ASN1EncodableVector whole = new ASN1EncodableVector();
      whole.add(toBeSigned);
      whole.add(new AlgorithmIdentifier(ECDSA_SHA256));
      whole.add(new DERBitString(signature.sign()));
      ASN1Primitive certificate = der ? new DERSequence(whole) : new BERSequence(whole);
      return (X509Certificate)
          CertificateFactory.getInstance("X.509")
              .generateCertificate(new ByteArrayInputStream(certificate.getEncoded()));
    }
  }

  /** A root, an intermediate and a leaf, each to be spoilt. */
  static final class Chain {
    final Draft root = authority("root");
    final Draft intermediate = authority("intermediate");
    final Draft leaf = new Draft("leaf");

    Chain() throws Exception {
      leaf.with(Extension.basicConstraints, true, new BasicConstraints(false));
      leaf.with(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
      leaf.with(Extension.extendedKeyUsage, false, both());
      leaf.with(Extension.subjectAlternativeName, false, names(uri(CART), ip("10.0.0.1")));
    }

    Svid verify() throws Exception {
      List<X509Certificate> chain =
          List.of(leaf.signedBy(intermediate), intermediate.signedBy(root));
      return new TrustBundle(List.of(root.signedBy(root)))
          .verify(chain, TestAuthority.TRUST_DOMAIN, Usage.CLIENT, Instant.now());
    }
  }

  interface Spoiler {
    void spoil(Chain chain) throws Exception;
  }

  @Test
  void theUnspoiltChainIsGood() throws Exception {
    assertThat(new Chain().verify().addresses()).containsExactly(InetAddress.ofLiteral("10.0.0.1"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("harmless")
  void whatIsUnusualButAllowedIsTaken(String name, Spoiler spoiler) throws Exception {
    Chain chain = new Chain();
    spoiler.spoil(chain);

    assertThat(chain.verify().id().shortForm()).isEqualTo("ns/shop/sa/cart");
  }

  static Stream<Arguments> harmless() {
    return Stream.of(
        kind("path length just enough", c -> constrain(c.intermediate, new BasicConstraints(0))),
        kind("root's path length just enough", c -> constrain(c.root, new BasicConstraints(1))),
        kind("address permitted", c -> permit(c.intermediate, subnet("10.0.0.0/8"))),
        kind("trust domain permitted", c -> permit(c.root, uri("cluster.local"))),
        kind("another address excluded", c -> exclude(c.root, subnet("192.168.0.0/16"))));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("hostile")
  void isRefused(String name, Spoiler spoiler) throws Exception {
    Chain chain = new Chain();
    spoiler.spoil(chain);

    assertThatExceptionOfType(Exception.class)
        .isThrownBy(chain::verify)
        // What the JDK can't even parse never becomes a certificate; Netty refuses it by then.
        .satisfies(e ->
            assertThat(e)
                .isInstanceOfAny(FlawedCertificateException.class, CertificateException.class));
  }

  static Stream<Arguments> hostile() {
    return Stream.of(
        kind(
            "intermediate: no basic constraints",
            c -> c.intermediate.without(Extension.basicConstraints)),
        kind("intermediate: not a CA", c -> constrain(c.intermediate, new BasicConstraints(false))),
        kind("intermediate: no key usage", c -> c.intermediate.without(Extension.keyUsage)),
        kind(
            "intermediate: may not sign certificates",
            c ->
                c.intermediate
                    .without(Extension.keyUsage)
                    .with(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature))),
        kind(
            "intermediate: for servers only",
            c ->
                c.intermediate.with(
                    Extension.extendedKeyUsage,
                    false,
                    new ExtendedKeyUsage(KeyPurposeId.id_kp_serverAuth))),
        kind(
            "intermediate: unknown critical extension",
            c ->
                c.intermediate.with(
                    new ASN1ObjectIdentifier("1.3.6.1.4.1.55555.9"), true, new ASN1Integer(1))),
        kind(
            "intermediate: version 1 in all but its extensions",
            c -> c.intermediate.version = new DERTaggedObject(0, new ASN1Integer(0))),
        kind("root: path length too short", c -> constrain(c.root, new BasicConstraints(0))),
        kind("root: address not permitted", c -> permit(c.root, subnet("192.168.0.0/16"))),
        kind("root: trust domain excluded", c -> exclude(c.root, uri("cluster.local"))),
        kind("address not permitted", c -> permit(c.intermediate, subnet("192.168.0.0/16"))),
        kind("address excluded", c -> exclude(c.intermediate, subnet("10.0.0.0/8"))),
        kind("trust domain not permitted", c -> permit(c.intermediate, uri("other.example"))),
        kind("trust domain excluded", c -> exclude(c.intermediate, uri("cluster.local"))),
        kind(
            "leaf: no basic constraints but a CA's usage",
            c ->
                c.leaf
                    .without(Extension.keyUsage)
                    .without(Extension.basicConstraints)
                    .with(
                        Extension.keyUsage,
                        true,
                        new KeyUsage(KeyUsage.digitalSignature | KeyUsage.keyCertSign))),
        kind("leaf: a CA", c -> constrain(c.leaf, new BasicConstraints(true))),
        kind(
            "leaf: names in two extensions",
            c ->
                c.leaf.with(
                    Extension.subjectAlternativeName,
                    false,
                    names(uri("spiffe://cluster.local/ns/kube-system/sa/admin")))),
        kind(
            "leaf: an extension twice",
            c -> c.leaf.with(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature))),
        kind("leaf: no names", c -> c.leaf.without(Extension.subjectAlternativeName)),
        kind("leaf: an empty list of names", c -> rename(c)),
        kind("leaf: two identities", c -> rename(c, uri(CART), uri(CART + "2"))),
        kind(
            "leaf: an address of five bytes",
            c ->
                rename(
                    c,
                    uri(CART),
                    new GeneralName(GeneralName.iPAddress, new DEROctetString(new byte[5])))),
        kind("leaf: an identity with a NUL in it", c -> rename(c, uri(CART + "\0x"))),
        kind(
            "leaf: an identity in upper case",
            c -> rename(c, uri("SPIFFE://CLUSTER.LOCAL/ns/shop/sa/cart"))),
        kind(
            "leaf: the identity as a DNS name",
            c -> rename(c, new GeneralName(GeneralName.dNSName, "cluster.local"))),
        kind("leaf: two algorithms", c -> c.leaf.inner = ECDSA_SHA384),
        kind("leaf: another issuer's name", c -> c.leaf.issuer = "somebody else"),
        kind("leaf: serial number of 21 bytes", c -> c.leaf.serial = BigInteger.TWO.pow(167)),
        kind("leaf: negative serial number", c -> c.leaf.serial = BigInteger.TWO.negate()),
        kind(
            "leaf: ends before it begins",
            c -> {
              ASN1Encodable begin = c.leaf.notBefore;
              c.leaf.notBefore = c.leaf.notAfter;
              c.leaf.notAfter = begin;
            }),
        kind(
            "leaf: a year of two digits that has long been",
            c -> c.leaf.notAfter = new DERUTCTime("500101000000Z")),
        kind("leaf: a time that is none", c -> c.leaf.notAfter = new DERUTCTime("991332256199Z")),
        kind("leaf: BER", c -> c.leaf.der = false),
        kind("intermediate: BER", c -> c.intermediate.der = false));
  }

  private static Arguments kind(String name, Spoiler spoiler) {
    return Arguments.of(name, spoiler);
  }

  private static Draft authority(String name) {
    try {
      return new Draft(name)
          .with(Extension.basicConstraints, true, new BasicConstraints(true))
          .with(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign));
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static void constrain(Draft draft, BasicConstraints constraints) throws Exception {
    draft.without(Extension.basicConstraints).with(Extension.basicConstraints, true, constraints);
  }

  private static void permit(Draft draft, GeneralName name) throws Exception {
    draft.with(
        Extension.nameConstraints,
        true,
        new NameConstraints(new GeneralSubtree[] {new GeneralSubtree(name)}, null));
  }

  private static void exclude(Draft draft, GeneralName name) throws Exception {
    draft.with(
        Extension.nameConstraints,
        true,
        new NameConstraints(null, new GeneralSubtree[] {new GeneralSubtree(name)}));
  }

  private static void rename(Chain chain, GeneralName... names) throws Exception {
    chain
        .leaf
        .without(Extension.subjectAlternativeName)
        .with(Extension.subjectAlternativeName, false, names(names));
  }

  private static GeneralNames names(GeneralName... names) {
    return new GeneralNames(names);
  }

  private static GeneralName uri(String uri) {
    return new GeneralName(GeneralName.uniformResourceIdentifier, uri);
  }

  private static GeneralName ip(String address) {
    return new GeneralName(GeneralName.iPAddress, address);
  }

  private static GeneralName subnet(String cidr) {
    return new GeneralName(GeneralName.iPAddress, cidr);
  }

  private static ExtendedKeyUsage both() {
    return new ExtendedKeyUsage(
        new KeyPurposeId[] {KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth});
  }

  private static KeyPair keys() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      return generator.generateKeyPair();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
