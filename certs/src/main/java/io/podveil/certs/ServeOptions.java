package io.podveil.certs;

import io.podveil.certs.issue.IssuerReference;
import io.podveil.certs.signer.TrustRoots;
import java.time.Duration;
import java.util.Optional;

/**
 * How the server is set up.
 *
 * @param port of the API; 0 means any
 * @param adminPort of health and metrics; 0 means any
 * @param namespace where the server runs and keeps its authority
 * @param service the Service it is called by, and its service account
 * @param trustDomain first part of every identity
 * @param life of certificates
 * @param signer who signs
 */
record ServeOptions(
    int port,
    int adminPort,
    String namespace,
    String service,
    String trustDomain,
    Duration life,
    SignerOption signer) {

  /** Who signs. */
  sealed interface SignerOption {
    /** An authority of our own. */
    record Local() implements SignerOption {}

    /**
     * An issuer of cert-manager.
     *
     * @param roots whom to trust; if absent, what the issuer calls its CA
     */
    record CertManager(IssuerReference issuer, Optional<TrustRoots> roots)
        implements SignerOption {}
  }
}
