package io.podveil.sidecar.net;

/**
 * Firewall marks: how the sidecar and the rules tell each other's packets apart. The numbers are a
 * contract with the capture rules, and with anybody who reads {@code ip rule} or {@code nft list}.
 */
public enum Mark {
  /** Set by the rules on the app's outbound packets: recirculate through lo to port 1. */
  RECIRCULATED(0xa),
  /** Set by the sidecar on its sockets towards the wire: the rules leave them alone. */
  WIRE(0xb),
  /** Set by the sidecar on its sockets towards the app: the app's replies must come back. */
  APP(0xc),
  /** Set by the rules on the app's replies to {@link #APP} connections: route to lo. */
  REPLY(0xd);

  private final int value;

  Mark(int value) {
    this.value = value;
  }

  public int value() {
    return value;
  }
}
