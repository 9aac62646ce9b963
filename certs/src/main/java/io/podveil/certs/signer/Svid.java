package io.podveil.certs.signer;

import java.net.InetAddress;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The rules of an X.509-SVID leaf that chain validation does not check: a chain that leads to a
 * root says who signed, and this says what was signed.
 */
public final class Svid {
  private static final int DNS_NAME = 2;
  private static final int URI_NAME = 6;
  private static final int IP_ADDRESS = 7;
  private static final int DIGITAL_SIGNATURE = 0;
  private static final int KEY_CERT_SIGN = 5;
  private static final int CRL_SIGN = 6;

  private Svid() {}

  /**
   * Reads what a leaf calls its owner.
   *
   * @throws IllegalArgumentException if this is no X.509-SVID of a workload, with the reason
   */
  public static Names namesOf(X509Certificate leaf) {
    if (leaf.getBasicConstraints() >= 0) {
      throw new IllegalArgumentException("it is an authority's certificate, not a workload's");
    }
    checkKeyUsage(leaf.getKeyUsage());
    List<SpiffeId> ids = new ArrayList<>();
    Set<InetAddress> addresses = new HashSet<>();
    Set<String> dnsNames = new HashSet<>();
    for (List<?> name : alternativeNames(leaf)) {
      String value = String.valueOf(name.get(1));
      switch ((Integer) name.getFirst()) {
        case URI_NAME -> ids.add(SpiffeId.parse(value));
        case IP_ADDRESS -> addresses.add(InetAddress.ofLiteral(value));
        case DNS_NAME -> dnsNames.add(value);
        default ->
            throw new IllegalArgumentException("it has a name that is no URI, IP or DNS name");
      }
    }
    if (ids.size() != 1) {
      throw new IllegalArgumentException("it has %d URI names, not one".formatted(ids.size()));
    }
    return new Names(ids.getFirst(), addresses, dnsNames);
  }

  private static void checkKeyUsage(boolean @org.jspecify.annotations.Nullable [] usage) {
    if (usage == null || !usage[DIGITAL_SIGNATURE]) {
      throw new IllegalArgumentException("its key usage lacks digitalSignature");
    }
    if (usage[KEY_CERT_SIGN] || usage[CRL_SIGN]) {
      throw new IllegalArgumentException("its key usage allows signing certificates or CRLs");
    }
  }

  private static Collection<List<?>> alternativeNames(X509Certificate leaf) {
    try {
      Collection<List<?>> names = leaf.getSubjectAlternativeNames();
      return names == null ? List.of() : names;
    } catch (CertificateParsingException e) {
      throw new IllegalArgumentException("its names cannot be read", e);
    }
  }
}
