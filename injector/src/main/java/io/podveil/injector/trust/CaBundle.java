package io.podveil.injector.trust;

import java.io.ByteArrayInputStream;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The certificates in a webhook's {@code caBundle}, each an anchor of its own. */
record CaBundle(List<X509Certificate> certificates) {
  /**
   * More than replicas and their successors ever need. What a crashing replica leaves behind stays
   * until it expires, and may not grow without end; should it push out one that is in use, that
   * one's owner adds it again.
   */
  static final int MOST = 24;

  private static final Base64.Encoder LINES = Base64.getMimeEncoder(64, new byte[] {'\n'});

  CaBundle {
    certificates = List.copyOf(certificates);
  }

  /** What can be read of a bundle; what can't serves nobody and is dropped. */
  static CaBundle read(byte[] pem) {
    if (pem.length == 0) {
      return new CaBundle(List.of());
    }
    try {
      return new CaBundle(
          CertificateFactory.getInstance("X.509")
              .generateCertificates(new ByteArrayInputStream(pem))
              .stream()
              .map(X509Certificate.class::cast)
              .toList());
    } catch (CertificateException e) {
      return new CaBundle(List.of());
    }
  }

  /** With these, without those that have expired, and without the oldest of what is too many. */
  CaBundle with(Collection<X509Certificate> ours, Instant now) {
    Set<X509Certificate> kept = new LinkedHashSet<>(certificates);
    kept.removeIf(certificate -> certificate.getNotAfter().toInstant().isBefore(now));
    kept.addAll(ours);
    List<X509Certificate> oldestFirst = new ArrayList<>(kept);
    oldestFirst.removeAll(ours);
    oldestFirst.sort(Comparator.comparing(X509Certificate::getNotBefore));
    oldestFirst.stream().limit(Math.max(0, kept.size() - MOST)).toList().forEach(kept::remove);
    return new CaBundle(List.copyOf(kept));
  }

  String pem() {
    StringBuilder pem = new StringBuilder();
    for (X509Certificate certificate : certificates) {
      pem.append("-----BEGIN CERTIFICATE-----\n")
          .append(body(certificate))
          .append("\n-----END CERTIFICATE-----\n");
    }
    return pem.toString();
  }

  private static String body(X509Certificate certificate) {
    try {
      return LINES.encodeToString(certificate.getEncoded());
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException("a certificate that was read can be written", e);
    }
  }
}
