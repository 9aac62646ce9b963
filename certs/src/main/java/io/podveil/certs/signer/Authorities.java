package io.podveil.certs.signer;

import java.security.cert.X509Certificate;
import java.util.List;

/**
 * The authority that signs, and the roots that are trusted.
 *
 * @param roots the signing authority's root, and others beside it during a rotation
 */
public record Authorities(LocalSigner signing, List<X509Certificate> roots) {
  public Authorities {
    roots = List.copyOf(roots);
    if (!roots.containsAll(signing.roots())) {
      throw new IllegalArgumentException("what is signed would not be trusted");
    }
  }

  /**
   * Reads roots.
   *
   * @throws SignerException if there are none
   */
  public static List<X509Certificate> readRoots(String name, String pem) {
    return Pem.readCertificates(name, pem);
  }

  /** The roots as text. */
  public String rootsPem() {
    return Pem.ofCertificates(roots);
  }
}
