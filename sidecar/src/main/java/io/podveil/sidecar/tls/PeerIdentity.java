package io.podveil.sidecar.tls;

import io.podveil.sidecar.identity.FlawedCertificateException;
import io.podveil.sidecar.identity.SpiffeId;
import io.podveil.sidecar.identity.Svid;
import java.net.InetAddress;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;

/**
 * Who is at the other end of a connection, as its verified certificate says.
 *
 * @param addresses the addresses that the peer may live at, or speak for
 * @param notAfter when the peer's certificate ends; nothing new may begin on the connection then
 */
public record PeerIdentity(
    SpiffeId id, Set<InetAddress> addresses, Instant notBefore, Instant notAfter) {

  public PeerIdentity {
    addresses = Set.copyOf(addresses);
  }

  /** The peer of a session whose handshake has succeeded, and so has been verified. */
  public static PeerIdentity of(SSLSession session) {
    try {
      X509Certificate leaf = (X509Certificate) session.getPeerCertificates()[0];
      Svid svid = Svid.of(List.of(leaf));
      return new PeerIdentity(svid.id(), svid.addresses(), svid.notBefore(), svid.notAfter());
    } catch (SSLPeerUnverifiedException | FlawedCertificateException e) {
      throw new IllegalStateException("the handshake has not succeeded", e);
    }
  }

  /** Whether the peer's certificate names this address. */
  public boolean holds(InetAddress address) {
    return addresses.contains(address);
  }

  public boolean isValidAt(Instant time) {
    return !time.isBefore(notBefore) && !time.isAfter(notAfter);
  }
}
