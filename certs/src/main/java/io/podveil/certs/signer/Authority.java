package io.podveil.certs.signer;

import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECKey;
import java.security.interfaces.RSAKey;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * A certificate that may sign, its private key, and what leads from it to a root. The constructor
 * is the gate: an authority that exists can be signed with.
 *
 * @param chain the signing certificate first, a root last; often they are the same
 */
record Authority(List<X509Certificate> chain, PrivateKey key) {
  private static final int KEY_CERT_SIGN = 5;
  private static final int URI_NAME = 6;

  Authority {
    chain = List.copyOf(chain);
    X509Certificate signing = chain.getFirst();
    if (signing.getBasicConstraints() < 0) {
      throw new SignerException("the certificate is not an authority's (no CA=true)");
    }
    boolean[] usage = signing.getKeyUsage();
    if (usage != null && !usage[KEY_CERT_SIGN]) {
      throw new SignerException("the certificate's key usage does not allow signing certificates");
    }
    if (!isSelfIssued(chain.getLast())) {
      throw new SignerException(
          "the chain does not end with a root; append the issuers' certificates, the root last");
    }
    for (int i = 0; i + 1 < chain.size(); i++) {
      checkIssuedBy(chain.get(i), chain.get(i + 1).getPublicKey());
    }
    if (!belongTogether(signing.getPublicKey(), key)) {
      throw new SignerException("certificate and private key do not belong together");
    }
  }

  X509Certificate certificate() {
    return chain.getFirst();
  }

  /** What a leaf carries along: the signing certificate and its issuers, unless self-issued. */
  List<X509Certificate> intermediates() {
    return chain.stream().filter(certificate -> !isSelfIssued(certificate)).toList();
  }

  List<X509Certificate> roots() {
    return chain.stream().filter(Authority::isSelfIssued).toList();
  }

  /** The earliest end of all certificates on the way to the root. */
  Instant notAfter() {
    return chain.stream()
        .map(certificate -> certificate.getNotAfter().toInstant())
        .min(Instant::compareTo)
        .orElseThrow();
  }

  /** The trust domain that the certificate names; one that someone brought may name none. */
  Optional<String> trustDomain() {
    try {
      Collection<List<?>> names = certificate().getSubjectAlternativeNames();
      return (names == null ? List.<List<?>>of() : names)
          .stream()
              .filter(name -> name.getFirst().equals(URI_NAME))
              .map(name -> SpiffeId.parse((String) name.get(1)))
              .map(SpiffeId::trustDomain)
              .findFirst();
    } catch (CertificateParsingException | IllegalArgumentException e) {
      throw new SignerException("the authority's URI name is no SPIFFE id", e);
    }
  }

  /** The JCA name of the signatures that this key makes. */
  static String signatureAlgorithm(PrivateKey key) {
    return switch (key) {
      case ECKey ec when ec.getParams().getOrder().bitLength() > 256 -> "SHA384withECDSA";
      case ECKey ec -> "SHA256withECDSA";
      case RSAKey rsa -> "SHA256withRSA";
      default ->
          throw new SignerException(
              "a %s key cannot sign here; EC (P-256, P-384) and RSA can"
                  .formatted(key.getAlgorithm()));
    };
  }

  @Override
  public String toString() {
    return "Authority[" + certificate().getSubjectX500Principal() + "]";
  }

  private static boolean isSelfIssued(X509Certificate certificate) {
    return certificate.getSubjectX500Principal().equals(certificate.getIssuerX500Principal());
  }

  private static void checkIssuedBy(X509Certificate certificate, PublicKey issuer) {
    try {
      certificate.verify(issuer);
    } catch (GeneralSecurityException e) {
      throw new SignerException(
          "the certificate of "
              + certificate.getSubjectX500Principal()
              + " was not signed by the one after it",
          e);
    }
  }

  private static boolean belongTogether(PublicKey publicKey, PrivateKey privateKey) {
    byte[] probe = {'p', 'r', 'o', 'b', 'e'};
    try {
      Signature signature = Signature.getInstance(signatureAlgorithm(privateKey));
      signature.initSign(privateKey);
      signature.update(probe);
      byte[] signed = signature.sign();
      signature.initVerify(publicKey);
      signature.update(probe);
      return signature.verify(signed);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }
}
