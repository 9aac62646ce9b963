package io.podveil.sidecar.net;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** The addresses of this network namespace, asked of the kernel each time: pods can get more. */
public final class OwnAddresses {
  private OwnAddresses() {}

  /** Whether an address belongs to this network namespace; loopback does. */
  public static boolean contain(InetAddress address) {
    try {
      return address.isLoopbackAddress() || NetworkInterface.getByInetAddress(address) != null;
    } catch (SocketException e) {
      // Not to be found out; taken for our own, a connection is refused instead of looping.
      return true;
    }
  }

  /** Those that others can reach: neither loopback nor link-local. */
  public static Set<InetAddress> reachable() {
    try {
      return NetworkInterface.networkInterfaces()
          .flatMap(NetworkInterface::inetAddresses)
          .filter(OwnAddresses::isReachable)
          .collect(Collectors.toUnmodifiableSet());
    } catch (SocketException e) {
      return Set.of();
    }
  }

  static Optional<InetAddress> ipv4() {
    return first(Inet4Address.class);
  }

  static Optional<InetAddress> ipv6() {
    return first(Inet6Address.class);
  }

  private static Optional<InetAddress> first(Class<? extends InetAddress> family) {
    try {
      return NetworkInterface.networkInterfaces()
          .flatMap(NetworkInterface::inetAddresses)
          .filter(family::isInstance)
          .filter(OwnAddresses::isReachable)
          .findFirst();
    } catch (SocketException e) {
      return Optional.empty();
    }
  }

  private static boolean isReachable(InetAddress address) {
    return !address.isLoopbackAddress() && !address.isLinkLocalAddress();
  }
}
