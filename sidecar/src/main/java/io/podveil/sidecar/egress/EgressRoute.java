package io.podveil.sidecar.egress;

import io.podveil.sidecar.net.OriginalDestination;

/** What becomes of an outbound connection. */
sealed interface EgressRoute {
  /** Mutual TLS, with whoever proves to be expected there. */
  record Encrypt(OriginalDestination to, Expected expected) implements EgressRoute {}

  /** As it is: outside of the ranges that get mutual TLS, or known not to be meshed. */
  record PassThrough(OriginalDestination to) implements EgressRoute {}

  /**
   * Not at all.
   *
   * @param reason for the metrics; from a bounded set
   * @param why for the log
   */
  record Refuse(String reason, String why) implements EgressRoute {}
}
