package io.podveil.sidecar.identity;

/**
 * All that a handshake needs to know: who we are, and whom we believe. The two are replaced
 * together, for they are checked against each other.
 */
public record Identity(Credential credential, TrustBundle roots) {

  /**
   * Checks that the credential stands up to its own roots, as it must before any peer's.
   *
   * @throws IdentityException if every peer with these roots would refuse it
   */
  public Identity {
    try {
      roots.verifyOwn(credential);
    } catch (FlawedCertificateException e) {
      throw new IdentityException("our own certificate would be refused: " + e.getMessage(), e);
    }
  }
}
