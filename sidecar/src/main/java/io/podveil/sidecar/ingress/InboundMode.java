package io.podveil.sidecar.ingress;

/** What an unauthenticated client may do. */
public enum InboundMode {
  /** Nothing: mutual TLS or no connection. */
  STRICT,
  /** Connect in plaintext; for moving into the mesh step by step. */
  PERMISSIVE
}
