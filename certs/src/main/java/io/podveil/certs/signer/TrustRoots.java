package io.podveil.certs.signer;

import java.security.GeneralSecurityException;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Date;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Whom to trust. */
public record TrustRoots(List<X509Certificate> certificates) {
  public TrustRoots {
    certificates = List.copyOf(certificates);
  }

  /**
   * Reads roots.
   *
   * @param name where they come from, for the error
   * @throws SignerException if there are none
   */
  public static TrustRoots read(String name, String pem) {
    return new TrustRoots(Pem.readCertificates(name, pem));
  }

  public String pem() {
    return Pem.ofCertificates(certificates);
  }

  /** These and those, each once. */
  public TrustRoots and(TrustRoots others) {
    Set<X509Certificate> all = new LinkedHashSet<>(certificates);
    all.addAll(others.certificates);
    return new TrustRoots(List.copyOf(all));
  }

  /** Those that are still good. */
  public TrustRoots at(Instant time) {
    return new TrustRoots(
        certificates.stream()
            .filter(root -> time.isBefore(root.getNotAfter().toInstant()))
            .toList());
  }

  /**
   * Checks that a chain leads here.
   *
   * @param chain the leaf first
   * @throws CertificateException if it does not, whatever is wrong with it
   */
  public void verify(List<X509Certificate> chain, Instant at) throws CertificateException {
    try {
      Set<TrustAnchor> anchors =
          certificates.stream()
              .map(root -> new TrustAnchor(root, null))
              .collect(Collectors.toUnmodifiableSet());
      var parameters = new PKIXParameters(anchors);
      parameters.setRevocationEnabled(false);
      parameters.setDate(Date.from(at));
      // A root may come along; for validation it is an anchor, not a link.
      List<X509Certificate> links =
          chain.stream().filter(link -> !certificates.contains(link)).toList();
      if (links.isEmpty()) {
        // The validator would find nothing wrong with nothing.
        throw new CertificateException("there is no certificate but the roots'");
      }
      CertPathValidator.getInstance("PKIX")
          .validate(CertificateFactory.getInstance("X.509").generateCertPath(links), parameters);
    } catch (CertificateException e) {
      throw e;
    } catch (GeneralSecurityException | RuntimeException e) {
      // Validators throw many things at odd certificates; all of them mean no.
      throw new CertificateException("the chain does not lead to a trusted root", e);
    }
  }
}
