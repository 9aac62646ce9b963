package io.podveil.sidecar.egress;

import io.podveil.sidecar.net.OriginalDestination;

/** What becomes of an outbound connection. */
sealed interface EgressRoute {
  /** Mutual TLS, with whoever proves to live at that address. */
  record Encrypt(OriginalDestination to) implements EgressRoute {}

  /** As it is: outside of the ranges that get mutual TLS. */
  record PassThrough(OriginalDestination to) implements EgressRoute {}

  /**
   * Not at all.
   *
   * @param reason for the metrics; from a bounded set
   * @param why for the log
   */
  record Refuse(String reason, String why) implements EgressRoute {}
}
