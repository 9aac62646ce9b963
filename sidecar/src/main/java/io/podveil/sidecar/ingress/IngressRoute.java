package io.podveil.sidecar.ingress;

import io.podveil.sidecar.net.OriginalDestination;

/** What becomes of an inbound connection, as far as its destination decides. */
sealed interface IngressRoute {
  /** A TLS handshake first; without a client certificate nothing is delivered. */
  record DemandTls(OriginalDestination to) implements IngressRoute {}

  /** TLS or plaintext, as the client's first bytes say. */
  record TellApart(OriginalDestination to) implements IngressRoute {}

  /**
   * Not at all.
   *
   * @param reason for the metrics; from a bounded set
   * @param why for the log
   */
  record Refuse(String reason, String why) implements IngressRoute {}
}
