package io.podveil.sidecar.tls;

import io.podveil.sidecar.identity.FlawedCertificateException;
import io.podveil.sidecar.identity.Svid;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Chains that were verified, so that a peer's next connection costs a digest instead of signatures.
 * It lives and dies with one set of trust roots, holds good verdicts only, for exactly the same
 * bytes, and no longer than the first certificate in the chain.
 */
final class VerifiedChains {

  /** What does the verifying when it has to be done. */
  interface Verifier {
    Svid verify(Instant now) throws FlawedCertificateException;
  }

  /** Enough for the peers of one pod; the one unused for longest goes first. */
  private static final int MAX_CHAINS = 512;

  // Guarded by what was verified. To ask the JDK for another one takes longer than the digest.
  private final MessageDigest sha256 = sha256();

  private final Map<ByteBuffer, Svid> verified =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<ByteBuffer, Svid> eldest) {
          return size() > MAX_CHAINS;
        }
      };

  /** What the chain says of its holder, now or when it was verified. */
  Svid verify(List<X509Certificate> chain, Instant now, Verifier verifier)
      throws FlawedCertificateException, CertificateEncodingException {
    ByteBuffer digest;
    synchronized (verified) {
      digest = digest(chain);
      Svid known = verified.get(digest);
      if (known != null && known.isValidAt(now)) {
        return known;
      }
    }
    Svid svid = verifier.verify(now);
    synchronized (verified) {
      verified.put(digest, svid);
    }
    return svid;
  }

  private ByteBuffer digest(List<X509Certificate> chain) throws CertificateEncodingException {
    sha256.reset();
    for (X509Certificate certificate : chain) {
      // DER says its own length, so two chains never run together to the same bytes.
      sha256.update(certificate.getEncoded());
    }
    return ByteBuffer.wrap(sha256.digest());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
