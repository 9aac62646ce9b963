package io.podveil.certs.kube;

/** The pod that a token was made for, as the API server vouches for it. */
public record PodReference(String namespace, String serviceAccount, String name, String uid) {
  @Override
  public String toString() {
    return namespace + "/" + name;
  }
}
