package io.podveil.sidecar.testbed;

import io.podveil.sidecar.identity.TrustBundle;
import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * An authority that issues what a test asks for, good or bad: {@link #issue} for what an honest one
 * would, {@link #issueBad} for each kind that must be refused, {@link #leaf} for anything else.
 */
public final class TestAuthority {

  /** The trust domain of every test. */
  public static final String TRUST_DOMAIN = "cluster.local";

  /** What no peer may be admitted with. */
  public enum Bad {
    EXPIRED,
    NOT_YET_VALID,
    WRONG_CA,
    NO_SAN,
    TWO_URI_SANS,
    CA_AS_LEAF,
    WRONG_TRUST_DOMAIN,
    HUGE
  }

  private static final SecureRandom RANDOM = new SecureRandom();

  private final X500Principal name;
  private final KeyPair keys;
  private final List<X509Certificate> chain;

  private TestAuthority(X500Principal name, KeyPair keys, List<X509Certificate> chain) {
    this.name = name;
    this.keys = keys;
    this.chain = List.copyOf(chain);
  }

  /** A root; all have the same name, as a cluster's old and new root may. */
  public static TestAuthority create() {
    KeyPair keys = newKeys();
    X500Principal name = new X500Principal("CN=Test root");
    Instant now = Instant.now();
    X509Certificate root =
        sign(
            keys,
            caCertificate(
                name, keys, name, now.minus(Duration.ofDays(1)), now.plus(Duration.ofDays(3650))));
    return new TestAuthority(name, keys, List.of(root));
  }

  /** An authority below this one; it sends its own certificate along with those that it issues. */
  public TestAuthority intermediate() {
    KeyPair below = newKeys();
    X500Principal belowName = new X500Principal("CN=Test intermediate");
    Instant now = Instant.now();
    X509Certificate certificate =
        sign(
            keys,
            caCertificate(
                name,
                below,
                belowName,
                now.minus(Duration.ofDays(1)),
                now.plus(Duration.ofDays(30))));
    List<X509Certificate> longer = new ArrayList<>(List.of(certificate));
    longer.addAll(chain);
    return new TestAuthority(belowName, below, longer);
  }

  public X509Certificate root() {
    return chain.getLast();
  }

  /** This authority's root, and those of others. */
  public TrustBundle roots(TestAuthority... others) {
    List<X509Certificate> roots = new ArrayList<>(List.of(root()));
    for (TestAuthority other : others) {
      roots.add(other.root());
    }
    return new TrustBundle(roots);
  }

  /** A good certificate: {@code issue("ns/shop/sa/cart", "10.0.0.1")}. */
  public Issued issue(String path, String... addresses) {
    return leaf().id(path).addresses(addresses).issue();
  }

  /** A certificate that is good but for one thing. */
  public Issued issueBad(Bad kind, String path, String... addresses) {
    TestLeaf leaf = leaf().id(path).addresses(addresses);
    Instant now = Instant.now();
    return switch (kind) {
      case EXPIRED ->
          leaf.valid(now.minus(Duration.ofHours(2)), now.minus(Duration.ofMinutes(5))).issue();
      case NOT_YET_VALID ->
          leaf.valid(now.plus(Duration.ofHours(1)), now.plus(Duration.ofHours(2))).issue();
      case WRONG_CA -> create().issue(path, addresses);
      case NO_SAN -> leaf().issue();
      case TWO_URI_SANS -> leaf.id("ns/other/sa/other").issue();
      case CA_AS_LEAF -> leaf.ca().issue();
      case WRONG_TRUST_DOMAIN ->
          leaf().uri("spiffe://elsewhere.example/" + path).addresses(addresses).issue();
      case HUGE -> leaf.padding(100 * 1024).issue();
    };
  }

  /** A leaf below a leaf: whoever checks signatures alone believes it. */
  public Issued issuedByALeaf(String path) {
    KeyPair middle = newKeys();
    Issued above = leaf().id("ns/evil/sa/evil").keys(middle).issue();
    List<X509Certificate> longer = new ArrayList<>(above.chain());
    longer.add(root());
    return new TestAuthority(above.leaf().getSubjectX500Principal(), middle, longer).issue(path);
  }

  /** A leaf to shape at will; what it is not told is as an honest authority would have it. */
  public TestLeaf leaf() {
    return new TestLeaf(this);
  }

  X500Principal name() {
    return name;
  }

  /** The certificates above a leaf that travel with it: all but the root. */
  List<X509Certificate> above() {
    return chain.subList(0, chain.size() - 1);
  }

  X509Certificate sign(X509v3CertificateBuilder unsigned) {
    return sign(keys, unsigned);
  }

  static BigInteger newSerial() {
    return new BigInteger(127, RANDOM).add(BigInteger.ONE);
  }

  static KeyPair newKeys() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static X509v3CertificateBuilder caCertificate(
      X500Principal issuer, KeyPair keys, X500Principal subject, Instant begin, Instant end) {
    try {
      return new JcaX509v3CertificateBuilder(
              issuer, newSerial(), Date.from(begin), Date.from(end), subject, keys.getPublic())
          .addExtension(Extension.basicConstraints, true, new BasicConstraints(true))
          .addExtension(
              Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign))
          .addExtension(
              Extension.subjectKeyIdentifier,
              false,
              new JcaX509ExtensionUtils().createSubjectKeyIdentifier(keys.getPublic()));
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static X509Certificate sign(KeyPair signer, X509v3CertificateBuilder unsigned) {
    try {
      return new JcaX509CertificateConverter()
          .getCertificate(
              unsigned.build(
                  new JcaContentSignerBuilder("SHA256withECDSA").build(signer.getPrivate())));
    } catch (OperatorCreationException | GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}
