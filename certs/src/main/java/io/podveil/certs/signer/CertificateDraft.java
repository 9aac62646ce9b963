package io.podveil.certs.signer;

import java.io.IOException;
import java.math.BigInteger;
import java.security.KeyPair;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Date;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AuthorityKeyIdentifier;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.SubjectKeyIdentifier;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** A certificate that only lacks a key and a signature. */
record CertificateDraft(
    CertificateProfile profile, BigInteger serial, Instant notBefore, Instant notAfter) {

  X509Certificate selfSign(KeyPair keys) {
    AuthorityKeyIdentifier own =
        new AuthorityKeyIdentifier(keyId(keys.getPublic()).getKeyIdentifier());
    return build(keys.getPublic(), profile.subject(), own, keys.getPrivate());
  }

  X509Certificate sign(PublicKey key, X509Certificate issuer, PrivateKey issuerKey) {
    // Byte for byte as the issuer writes its own name and key id: an authority from elsewhere may
    // have made them in another way, and a strict verifier would find no issuer.
    X500Name name = X500Name.getInstance(issuer.getSubjectX500Principal().getEncoded());
    return build(key, name, keyIdOf(issuer), issuerKey);
  }

  private X509Certificate build(
      PublicKey key,
      X500Name issuerName,
      AuthorityKeyIdentifier issuerKeyId,
      PrivateKey issuerKey) {
    try {
      X509v3CertificateBuilder builder =
          new JcaX509v3CertificateBuilder(
              issuerName,
              serial,
              Date.from(notBefore),
              Date.from(notAfter),
              profile.subject(),
              key);
      for (ASN1ObjectIdentifier oid : profile.extensions().getExtensionOIDs()) {
        builder.addExtension(profile.extensions().getExtension(oid));
      }
      builder.addExtension(Extension.subjectKeyIdentifier, false, keyId(key));
      builder.addExtension(Extension.authorityKeyIdentifier, false, issuerKeyId);
      ContentSigner signer =
          new JcaContentSignerBuilder(Authority.signatureAlgorithm(issuerKey)).build(issuerKey);
      return new JcaX509CertificateConverter().getCertificate(builder.build(signer));
    } catch (IOException | OperatorCreationException | CertificateException e) {
      throw new SignerException("the authority's key could not sign: " + e.getMessage(), e);
    }
  }

  private static AuthorityKeyIdentifier keyIdOf(X509Certificate issuer) {
    byte[] extension = issuer.getExtensionValue(Extension.subjectKeyIdentifier.getId());
    SubjectKeyIdentifier id =
        extension == null
            ? keyId(issuer.getPublicKey())
            : SubjectKeyIdentifier.getInstance(ASN1OctetString.getInstance(extension).getOctets());
    return new AuthorityKeyIdentifier(id.getKeyIdentifier());
  }

  private static SubjectKeyIdentifier keyId(PublicKey key) {
    try {
      return new JcaX509ExtensionUtils().createSubjectKeyIdentifier(key);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java runtime has SHA-1", e);
    }
  }
}
