package io.podveil.sidecar.identity;

import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;

/**
 * The trust roots: whoever presents an SVID that leads to one of them is who it says.
 *
 * @param roots certificates of CAs, several while one root takes over from another
 */
public record TrustBundle(List<X509Certificate> roots) {

  private static final int MAX_ROOTS = 100;
  private static final int KEY_CERT_SIGN = 5;

  public TrustBundle {
    roots = List.copyOf(roots);
    if (roots.isEmpty() || roots.size() > MAX_ROOTS) {
      throw new IdentityException(
          "it holds " + roots.size() + " root certificates; 1 to " + MAX_ROOTS + " are allowed");
    }
    for (X509Certificate root : roots) {
      boolean[] usage = root.getKeyUsage();
      if (root.getBasicConstraints() < 0 || (usage != null && !usage[KEY_CERT_SIGN])) {
        throw new IdentityException(
            "its certificate of " + subject(root) + " is not a CA's; did the files get mixed up?");
      }
    }
  }

  /**
   * The roots of a PEM text.
   *
   * @throws IdentityException with the reason, if there are none or one of them is no root
   */
  public static TrustBundle parse(byte[] pem) {
    return new TrustBundle(Pem.certificates(pem));
  }

  /**
   * Judges the chain that a peer presents. Asks nobody: no revocation lists, no fetching of what is
   * missing, so it is safe on an event loop.
   *
   * @param chain the peer's certificate, then its intermediates
   * @return who the peer is; the verdict holds for the same chain until its {@code notAfter}
   */
  public Svid verify(List<X509Certificate> chain, String trustDomain, Usage usage, Instant at)
      throws FlawedCertificateException {
    Svid svid = new PathVerifier(roots, usage, at).verify(chain);
    if (!svid.id().trustDomain().equals(trustDomain)) {
      throw new FlawedCertificateException(
          Flaw.WRONG_TRUST_DOMAIN,
          "it is " + svid.id() + ", which is not of the trust domain " + trustDomain);
    }
    return svid;
  }

  /**
   * Judges our own chain as a peer would while it is valid: that it is not valid now is another
   * matter, and may well change.
   */
  void verifyOwn(Credential own) throws FlawedCertificateException {
    Instant whileValid = own.notBefore();
    for (Usage usage : Usage.values()) {
      verify(own.chain(), own.id().trustDomain(), usage, whileValid);
    }
  }

  private static String subject(X509Certificate certificate) {
    return Quoted.of(certificate.getSubjectX500Principal().getName());
  }
}
