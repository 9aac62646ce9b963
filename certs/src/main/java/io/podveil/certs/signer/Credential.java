package io.podveil.certs.signer;

import java.security.PrivateKey;

/**
 * A certificate together with its private key: what a program needs to be somebody. The key shows
 * itself in {@link #keyPem()} and nowhere else.
 */
public record Credential(PrivateKey key, IssuedCertificate certificate) {

  /** The key as PKCS#8, in PEM. */
  public String keyPem() {
    return Pem.ofPrivateKey(key);
  }

  public String chainPem() {
    return certificate.chainPem();
  }

  public String rootsPem() {
    return certificate.rootsPem();
  }

  @Override
  public String toString() {
    return "Credential[serial=" + certificate.leaf().getSerialNumber().toString(16) + "]";
  }
}
