package io.podveil.sidecar.ingress;

import io.podveil.sidecar.identity.Identity;
import io.podveil.sidecar.tls.PeerIdentity;
import java.net.InetAddress;
import java.time.Instant;

/**
 * Who is at the other end of a connection from a sidecar, from its handshake on.
 *
 * @param own the identity that we showed
 * @param sender where the TCP connection comes from
 */
record Caller(PeerIdentity peer, Identity own, String protocol, InetAddress sender) {
  /** Whether it may call for the app at this address: it lives there, or is known to. */
  boolean maySpeakFor(InetAddress source) {
    return source.equals(sender) || peer.holds(source);
  }

  /** Whether it may begin another connection: a handshake now would have the same result. */
  boolean mayCallAgain(Identity inForce, Instant now) {
    return own.equals(inForce) && peer.isValidAt(now) && inForce.credential().isValidAt(now);
  }
}
