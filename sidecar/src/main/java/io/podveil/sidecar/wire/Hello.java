package io.podveil.sidecar.wire;

import java.net.InetSocketAddress;

/**
 * Opens an app connection: what the client's sidecar says of it.
 *
 * @param id the same in both sidecars' log lines
 * @param source the app's own address and port; a claim, to be believed only of a peer that may
 *     make it
 * @param destination where the app wanted to go
 */
public record Hello(ConnectionId id, InetSocketAddress source, InetSocketAddress destination) {
  public Hello {
    requireUsable("source", source);
    requireUsable("destination", destination);
    if (source.getAddress().getClass() != destination.getAddress().getClass()) {
      throw new IllegalArgumentException(
          "source "
              + source
              + " and destination "
              + destination
              + " are not of one address family");
    }
  }

  private static void requireUsable(String role, InetSocketAddress address) {
    if (address.isUnresolved() || address.getPort() == 0) {
      throw new IllegalArgumentException(
          role + " " + address + " is not an IP address with a port");
    }
  }
}
