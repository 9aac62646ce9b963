package io.podveil.injector.serving;

import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;

/**
 * A certificate, leaf first, with its private key. Its text never shows the key.
 *
 * @param chain at least the leaf
 * @param key of the leaf
 */
public record Credential(List<X509Certificate> chain, PrivateKey key) {
  public Credential {
    chain = List.copyOf(chain);
    if (chain.isEmpty()) {
      throw new IllegalArgumentException("a credential has a certificate");
    }
  }

  public X509Certificate leaf() {
    return chain.getFirst();
  }

  public Instant notBefore() {
    return leaf().getNotBefore().toInstant();
  }

  public Instant notAfter() {
    return leaf().getNotAfter().toInstant();
  }

  @Override
  public String toString() {
    return "Credential[%s until %s]".formatted(leaf().getSubjectX500Principal(), notAfter());
  }
}
