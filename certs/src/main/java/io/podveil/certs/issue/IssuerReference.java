package io.podveil.certs.issue;

/**
 * An issuer of cert-manager.
 *
 * @param kind Issuer or ClusterIssuer
 */
public record IssuerReference(String kind, String name) {
  public IssuerReference {
    if (!kind.equals("Issuer") && !kind.equals("ClusterIssuer")) {
      throw new IllegalArgumentException("an issuer is an Issuer or a ClusterIssuer, not " + kind);
    }
  }

  @Override
  public String toString() {
    return kind + "/" + name;
  }
}
