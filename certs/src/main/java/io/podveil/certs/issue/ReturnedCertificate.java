package io.podveil.certs.issue;

import io.podveil.certs.issue.Signer.Signing;
import io.podveil.certs.signer.IssuedCertificate;
import io.podveil.certs.signer.SignerException;
import io.podveil.certs.signer.SigningRequest;
import io.podveil.certs.signer.Svid;
import io.podveil.certs.signer.TrustRoots;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/** What somebody else signed must be what was asked for, or it is not handed on. */
final class ReturnedCertificate {
  // What a signer adds to the life that was asked for, so as to round it.
  private static final Duration SLACK = Duration.ofMinutes(10);

  private ReturnedCertificate() {}

  static Signing check(
      String chainPem, SigningRequest request, TrustRoots roots, Duration life, Instant now) {
    try {
      if (roots.certificates().isEmpty()) {
        return different("the issuer names no CA; give its roots with --roots-file");
      }
      List<X509Certificate> chain = TrustRoots.read("the issuer's answer", chainPem).certificates();
      X509Certificate leaf = chain.getFirst();
      if (!leaf.getPublicKey().equals(request.key())) {
        return different("the certificate is for another key");
      }
      if (!Svid.namesOf(leaf).equals(request.names())) {
        return different("the certificate has other names than were asked for");
      }
      if (leaf.getNotAfter().toInstant().isAfter(now.plus(life).plus(SLACK))) {
        return different("the certificate lives until " + leaf.getNotAfter().toInstant());
      }
      roots.verify(chain, now);
      List<X509Certificate> links =
          chain.stream().filter(link -> !roots.certificates().contains(link)).toList();
      return new Signing.Signed(new IssuedCertificate(links, roots.certificates()));
    } catch (CertificateException | IllegalArgumentException | SignerException e) {
      return different(String.valueOf(e.getMessage()));
    }
  }

  private static Signing different(String why) {
    return new Signing.Refused("cert-manager's issuer does not return what was asked for: " + why);
  }
}
