package io.podveil.certs.signer;

/**
 * The authority that signs, and the roots that are trusted.
 *
 * @param roots the signing authority's root, and others beside it during a rotation
 */
public record Authorities(LocalSigner signing, TrustRoots roots) {
  public Authorities {
    if (!roots.certificates().containsAll(signing.roots())) {
      throw new IllegalArgumentException("what is signed would not be trusted");
    }
  }
}
