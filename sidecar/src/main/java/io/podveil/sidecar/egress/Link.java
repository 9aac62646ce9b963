package io.podveil.sidecar.egress;

import io.netty.channel.Channel;
import io.netty.handler.ssl.SslHandler;
import io.podveil.sidecar.identity.Identity;
import io.podveil.sidecar.net.OriginalDestination;
import io.podveil.sidecar.tls.PeerIdentity;
import io.podveil.sidecar.wire.FrameCodec;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.Optional;

/**
 * A mutual TLS connection, both sides verified. To a sidecar it carries one app connection after
 * another.
 *
 * @param dialled the address that it leads to, never a Service's unless that was dialled as it is
 * @param own the identity that we showed
 */
record Link(
    Channel wire, OriginalDestination dialled, SslHandler tls, Identity own, PeerIdentity peer) {

  static Link of(Channel wire, OriginalDestination dialled, SslHandler tls, Identity own) {
    return new Link(wire, dialled, tls, own, PeerIdentity.of(tls.engine().getSession()));
  }

  InetSocketAddress address() {
    return dialled.address();
  }

  /** As log lines have it. */
  String protocol() {
    return "mtls " + tls.engine().getSession().getProtocol();
  }

  /** Whether the other side is a sidecar, which said so by its ALPN. */
  boolean leadsToSidecar() {
    return tls.applicationProtocol() != null;
  }

  /** Whether it is there and between two connections, as far as we have been told. */
  boolean isIdle() {
    return wire.isActive() && wire.pipeline().get(FrameCodec.class).isIdle();
  }

  /**
   * Whether another connection may begin on it: nothing has changed that a handshake now would
   * bring to light.
   */
  boolean mayCarry(Expected expected, Identity inForce, Instant now) {
    Optional<?> objection = expected.objection(peer, address().getAddress());
    return own.equals(inForce) && peer.isValidAt(now) && objection.isEmpty();
  }
}
