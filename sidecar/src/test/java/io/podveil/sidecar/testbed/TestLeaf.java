package io.podveil.sidecar.testbed;

import java.io.IOException;
import java.math.BigInteger;
import java.security.KeyPair;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.x509.AccessDescription;
import org.bouncycastle.asn1.x509.AuthorityInformationAccess;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.CRLDistPoint;
import org.bouncycastle.asn1.x509.DistributionPoint;
import org.bouncycastle.asn1.x509.DistributionPointName;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;

/** One certificate in the making. */
public final class TestLeaf {

  private final TestAuthority issuer;
  private final List<GeneralName> names = new ArrayList<>();
  private KeyPair keys = TestAuthority.newKeys();
  private Instant notBefore = Instant.now().minus(Duration.ofMinutes(1));
  private Instant notAfter = Instant.now().plus(Duration.ofHours(1));
  private BigInteger serial = TestAuthority.newSerial();
  private BasicConstraints constraints = new BasicConstraints(false);
  private int usage = KeyUsage.digitalSignature;
  private List<KeyPurposeId> purposes =
      List.of(KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth);
  private final List<Extension> more = new ArrayList<>();

  TestLeaf(TestAuthority issuer) {
    this.issuer = issuer;
  }

  /** Adds the SPIFFE id with this path in the tests' trust domain. */
  public TestLeaf id(String path) {
    return uri("spiffe://" + TestAuthority.TRUST_DOMAIN + "/" + path);
  }

  public TestLeaf uri(String uri) {
    names.add(new GeneralName(GeneralName.uniformResourceIdentifier, uri));
    return this;
  }

  public TestLeaf addresses(String... addresses) {
    for (String address : addresses) {
      names.add(new GeneralName(GeneralName.iPAddress, address));
    }
    return this;
  }

  public TestLeaf host(String name) {
    names.add(new GeneralName(GeneralName.dNSName, name));
    return this;
  }

  public TestLeaf valid(Instant from, Instant to) {
    notBefore = from;
    notAfter = to;
    return this;
  }

  public TestLeaf serial(long number) {
    serial = BigInteger.valueOf(number);
    return this;
  }

  /** For a key that somebody else holds; what is issued has another one then. */
  public TestLeaf publicKey(PublicKey other) {
    return keys(new KeyPair(other, keys.getPrivate()));
  }

  public TestLeaf keys(KeyPair other) {
    keys = other;
    return this;
  }

  /** Makes it a CA's certificate, able to sign others. */
  public TestLeaf ca() {
    constraints = new BasicConstraints(true);
    return usage(KeyUsage.digitalSignature | KeyUsage.keyCertSign);
  }

  /** Key usage bits as in {@link KeyUsage}; 0 leaves the extension out. */
  public TestLeaf usage(int bits) {
    usage = bits;
    return this;
  }

  /** Extended key usages; none leaves the extension out. */
  public TestLeaf purposes(KeyPurposeId... ids) {
    purposes = List.of(ids);
    return this;
  }

  /** An extension that nobody knows. */
  public TestLeaf unknownCriticalExtension() {
    return extension("1.3.6.1.4.1.55555.1", true, new byte[] {5, 0});
  }

  /** Makes it as large as that, by an extension that nobody needs. */
  public TestLeaf padding(int bytes) {
    return extension("1.3.6.1.4.1.55555.2", false, new byte[bytes]);
  }

  /** Says where its issuer, its OCSP responder and its revocation list are to be had. */
  public TestLeaf pointingTo(String url) {
    GeneralName there = new GeneralName(GeneralName.uniformResourceIdentifier, url);
    DistributionPointName name = new DistributionPointName(new GeneralNames(there));
    AccessDescription[] access = {
      new AccessDescription(AccessDescription.id_ad_caIssuers, there),
      new AccessDescription(AccessDescription.id_ad_ocsp, there)
    };
    try {
      more.add(
          Extension.create(
              Extension.authorityInfoAccess, false, new AuthorityInformationAccess(access)));
      more.add(
          Extension.create(
              Extension.cRLDistributionPoints,
              false,
              new CRLDistPoint(new DistributionPoint[] {new DistributionPoint(name, null, null)})));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return this;
  }

  private TestLeaf extension(String oid, boolean critical, byte[] value) {
    more.add(new Extension(new ASN1ObjectIdentifier(oid), critical, new DEROctetString(value)));
    return this;
  }

  public Issued issue() {
    try {
      X509v3CertificateBuilder builder =
          new JcaX509v3CertificateBuilder(
              issuer.name(),
              serial,
              Date.from(notBefore),
              Date.from(notAfter),
              new X500Principal("CN=workload"),
              keys.getPublic());
      builder.addExtension(Extension.basicConstraints, true, constraints);
      if (usage != 0) {
        builder.addExtension(Extension.keyUsage, true, new KeyUsage(usage));
      }
      if (!purposes.isEmpty()) {
        builder.addExtension(
            Extension.extendedKeyUsage,
            false,
            new ExtendedKeyUsage(purposes.toArray(KeyPurposeId[]::new)));
      }
      if (!names.isEmpty()) {
        builder.addExtension(
            Extension.subjectAlternativeName,
            false,
            new GeneralNames(names.toArray(GeneralName[]::new)));
      }
      for (Extension extension : more) {
        builder.addExtension(extension);
      }
      List<X509Certificate> chain = new ArrayList<>(List.of(issuer.sign(builder)));
      chain.addAll(issuer.above());
      return new Issued(chain, keys.getPrivate());
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
