package io.podveil.sidecar.egress;

/** What becomes of connections to destinations that are known not to be meshed. */
public enum OutboundMode {
  /** They pass as they are. */
  AUTO,
  /** They are refused. */
  STRICT
}
