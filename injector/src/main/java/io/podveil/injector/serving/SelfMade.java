package io.podveil.injector.serving;

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
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/**
 * Makes serving credentials that vouch for themselves. The certificate is no authority: whoever
 * trusts it trusts this one key for this one name, and a stolen key signs nothing. The key stays in
 * memory.
 */
public final class SelfMade {
  /** How long one is good for; stale ones stay in the caBundle for as long. */
  static final Duration LIFE = Duration.ofHours(24);

  private static final Duration SKEW = Duration.ofMinutes(5);
  private static final X500Name SUBJECT = new X500Name("CN=podveil-injector");

  private final String dnsName;
  private final SecureRandom random = new SecureRandom();

  /** Names the one whom the API server dials, {@code podveil-injector.podveil-system.svc}. */
  public SelfMade(String dnsName) {
    this.dnsName = dnsName;
  }

  /** A fresh key and its certificate. */
  public Credential make(Instant now) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"), random);
      KeyPair pair = generator.generateKeyPair();
      return new Credential(List.of(certificate(pair, now)), pair.getPrivate());
    } catch (GeneralSecurityException | OperatorCreationException | IOException e) {
      throw new IllegalStateException("this JDK makes no P-256 certificate: " + e.getMessage(), e);
    }
  }

  private X509Certificate certificate(KeyPair pair, Instant now)
      throws GeneralSecurityException, OperatorCreationException, IOException {
    var builder =
        new JcaX509v3CertificateBuilder(
            SUBJECT,
            new BigInteger(127, random).setBit(126),
            Date.from(now.minus(SKEW)),
            Date.from(now.plus(LIFE)),
            SUBJECT,
            pair.getPublic());
    builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
    builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
    builder.addExtension(
        Extension.extendedKeyUsage, false, new ExtendedKeyUsage(KeyPurposeId.id_kp_serverAuth));
    builder.addExtension(
        Extension.subjectAlternativeName,
        false,
        new GeneralNames(new GeneralName(GeneralName.dNSName, dnsName)));
    return new JcaX509CertificateConverter()
        .getCertificate(
            builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(pair.getPrivate())));
  }
}
