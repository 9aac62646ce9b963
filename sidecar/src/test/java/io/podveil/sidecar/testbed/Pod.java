package io.podveil.sidecar.testbed;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;

/**
 * A namespace on the wire, as a pod has it: {@code lo}, and {@code eth0} with an address of each
 * family.
 *
 * @param namespace where its programs run
 * @param v4 its IPv4 address
 * @param v6 its IPv6 address
 * @param port the other end of its {@code eth0}, a port of the bridge in {@link Wire#outside()}
 */
public record Pod(Namespace namespace, Inet4Address v4, Inet6Address v6, String port) {
  /** Its address of the family. */
  public InetAddress address(Family family) {
    return switch (family) {
      case V4 -> v4;
      case V6 -> v6;
    };
  }
}
