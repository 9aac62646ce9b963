package io.podveil.sidecar.tls;

import io.podveil.sidecar.identity.SpiffeId;
import io.podveil.sidecar.identity.Svid;
import java.net.InetAddress;
import java.time.Instant;
import java.util.Objects;
import java.util.Set;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;

/**
 * Who is at the other end of a connection, as its verified certificate says.
 *
 * @param addresses the addresses that the peer may live at, or speak for
 * @param notAfter when the peer's certificate ends, or one that vouches for it; nothing new may
 *     begin on the connection then
 */
public record PeerIdentity(
    SpiffeId id, Set<InetAddress> addresses, Instant notBefore, Instant notAfter) {

  private static final String VERIFIED = Svid.class.getName();

  public PeerIdentity {
    addresses = Set.copyOf(addresses);
  }

  /** For {@link #of}: reading the certificate again takes longer than finding it verified. */
  static void keep(Svid verified, SSLSession handshake) {
    handshake.putValue(VERIFIED, verified);
  }

  /** The peer of a session whose handshake has succeeded, and so has been verified. */
  public static PeerIdentity of(SSLSession session) {
    try {
      // What was kept says nothing before the handshake has ended: the chain may be another's.
      session.getPeerCertificates();
    } catch (SSLPeerUnverifiedException e) {
      throw new IllegalStateException("the handshake has not succeeded", e);
    }
    Svid svid = (Svid) Objects.requireNonNull(session.getValue(VERIFIED), "nobody was verified");
    return new PeerIdentity(svid.id(), svid.addresses(), svid.notBefore(), svid.notAfter());
  }

  /** Whether the peer's certificate names this address. */
  public boolean holds(InetAddress address) {
    return addresses.contains(address);
  }

  public boolean isValidAt(Instant time) {
    return !time.isBefore(notBefore) && !time.isAfter(notAfter);
  }
}
