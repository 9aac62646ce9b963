package io.podveil.sidecar.testbed;

/** The two address families; what holds for one must hold for the other. */
public enum Family {
  /** IPv4. */
  V4,
  /** IPv6. */
  V6
}
