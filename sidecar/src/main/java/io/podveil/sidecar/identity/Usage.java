package io.podveil.sidecar.identity;

/** What a certificate is presented for; each has its own extended key usage. */
public enum Usage {
  SERVER("1.3.6.1.5.5.7.3.1", "TLS servers"),
  CLIENT("1.3.6.1.5.5.7.3.2", "TLS clients");

  private final String oid;
  private final String described;

  Usage(String oid, String described) {
    this.oid = oid;
    this.described = described;
  }

  String oid() {
    return oid;
  }

  @Override
  public String toString() {
    return described;
  }
}
