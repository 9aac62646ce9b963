package io.podveil.certs.signer;

import java.net.InetAddress;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/**
 * All that a certificate calls its owner.
 *
 * @param id whom others authorise
 * @param addresses where it may answer
 * @param dnsNames host names; only servers that are called by name have any
 */
public record Names(SpiffeId id, Set<InetAddress> addresses, Set<String> dnsNames) {
  public Names {
    addresses = Set.copyOf(addresses);
    dnsNames = Set.copyOf(dnsNames);
    if (id.isTrustDomain()) {
      throw new IllegalArgumentException(
          id + " names a trust domain; a workload's id has a path, such as /ns/shop/sa/cart");
    }
  }

  /** A workload's names. */
  public static Names of(SpiffeId id, Collection<InetAddress> addresses) {
    return new Names(id, Set.copyOf(addresses), Set.of());
  }

  /** A server's names. */
  public static Names ofServer(SpiffeId id, List<String> dnsNames) {
    return new Names(id, Set.of(), Set.copyOf(dnsNames));
  }
}
