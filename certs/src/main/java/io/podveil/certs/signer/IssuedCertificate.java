package io.podveil.certs.signer;

import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;

/**
 * What a signer hands out: the new certificate with the intermediates that lead to a root, and the
 * roots. Public through and through; the private key never leaves its owner.
 *
 * @param chain the leaf first, without the root
 * @param roots whom to trust
 */
public record IssuedCertificate(List<X509Certificate> chain, List<X509Certificate> roots) {
  public IssuedCertificate {
    chain = List.copyOf(chain);
    roots = List.copyOf(roots);
    if (chain.isEmpty() || roots.isEmpty()) {
      throw new IllegalArgumentException("an issued certificate has a leaf and a root");
    }
  }

  public X509Certificate leaf() {
    return chain.getFirst();
  }

  public Instant notAfter() {
    return leaf().getNotAfter().toInstant();
  }

  public String chainPem() {
    return Pem.ofCertificates(chain);
  }

  public String rootsPem() {
    return Pem.ofCertificates(roots);
  }
}
