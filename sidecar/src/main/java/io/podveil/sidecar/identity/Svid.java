package io.podveil.sidecar.identity;

import java.net.InetAddress;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What an X.509-SVID says of its holder.
 *
 * @param id the one SPIFFE id among its subject alternative names
 * @param addresses the IP addresses among them
 * @param notBefore when the certificate, and all that vouch for it, have become valid
 * @param notAfter when the first of them ends
 */
public record Svid(SpiffeId id, Set<InetAddress> addresses, Instant notBefore, Instant notAfter) {

  private static final int URI_NAME = 6;
  private static final int IP_NAME = 7;
  private static final int DIGITAL_SIGNATURE = 0;
  private static final int KEY_CERT_SIGN = 5;
  private static final int CRL_SIGN = 6;

  public Svid {
    addresses = Set.copyOf(addresses);
  }

  /**
   * Reads an SVID, checking the rules of the X.509-SVID specification for leaves. Whether an
   * authority stands behind it is not asked here.
   *
   * @param path the certificate, then the intermediates whose validity bounds its own
   */
  public static Svid of(List<X509Certificate> path) throws FlawedCertificateException {
    X509Certificate leaf = path.getFirst();
    checkUsage(leaf);
    List<String> uris = new ArrayList<>();
    Set<InetAddress> addresses = new HashSet<>();
    collectNames(leaf, uris, addresses);
    Instant notBefore = Instant.MIN;
    Instant notAfter = Instant.MAX;
    for (X509Certificate certificate : path) {
      Instant begin = certificate.getNotBefore().toInstant();
      Instant end = certificate.getNotAfter().toInstant();
      notBefore = begin.isAfter(notBefore) ? begin : notBefore;
      notAfter = end.isBefore(notAfter) ? end : notAfter;
    }
    return new Svid(theOnlyId(uris), addresses, notBefore, notAfter);
  }

  public boolean isValidAt(Instant time) {
    return !time.isBefore(notBefore) && !time.isAfter(notAfter);
  }

  private static void checkUsage(X509Certificate leaf) throws FlawedCertificateException {
    boolean[] usage = leaf.getKeyUsage();
    if (leaf.getBasicConstraints() >= 0) {
      throw notAnSvid("it is a CA's certificate, and those never speak for a workload");
    }
    if (usage == null || !usage[DIGITAL_SIGNATURE]) {
      throw notAnSvid("its key usage lacks digitalSignature");
    }
    if (usage[KEY_CERT_SIGN] || usage[CRL_SIGN]) {
      throw notAnSvid("its key usage allows signing certificates or CRLs");
    }
  }

  private static void collectNames(
      X509Certificate leaf, List<String> uris, Set<InetAddress> addresses)
      throws FlawedCertificateException {
    try {
      Collection<List<?>> names = leaf.getSubjectAlternativeNames();
      for (List<?> name : names == null ? List.<List<?>>of() : names) {
        if (name.get(0) instanceof Integer type && name.get(1) instanceof String value) {
          if (type == URI_NAME) {
            uris.add(value);
          } else if (type == IP_NAME) {
            addresses.add(InetAddress.ofLiteral(value));
          }
        }
      }
    } catch (CertificateParsingException | IllegalArgumentException e) {
      throw new FlawedCertificateException(
          Flaw.MALFORMED, "its subject alternative names can't be read");
    }
  }

  private static SpiffeId theOnlyId(List<String> uris) throws FlawedCertificateException {
    if (uris.size() != 1) {
      throw notAnSvid("it has " + (uris.isEmpty() ? "no" : uris.size()) + " URI names, not one");
    }
    SpiffeId id;
    try {
      id = SpiffeId.parse(uris.getFirst());
    } catch (IllegalArgumentException e) {
      throw notAnSvid("its URI name is no SPIFFE id: " + e.getMessage());
    }
    if (id.path().isEmpty()) {
      throw notAnSvid("its id " + Quoted.of(id.toString()) + " has no path, so it names nobody");
    }
    return id;
  }

  private static FlawedCertificateException notAnSvid(String why) {
    return new FlawedCertificateException(Flaw.NOT_AN_SVID, why);
  }
}
