package io.podveil.sidecar.capture;

/** What a capture that is in force covers. */
public enum Reach {
  /** IPv4 and IPv6. */
  BOTH_FAMILIES("IPv4 and IPv6"),
  /** IPv4; this network namespace has no IPv6, or has it disabled on its loopback. */
  IPV4_ONLY("IPv4 only: IPv6 is disabled here");

  private final String text;

  Reach(String text) {
    this.text = text;
  }

  @Override
  public String toString() {
    return text;
  }
}
