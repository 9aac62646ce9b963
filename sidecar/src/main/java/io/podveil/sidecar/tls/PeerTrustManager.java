package io.podveil.sidecar.tls;

import io.podveil.sidecar.identity.FlawedCertificateException;
import io.podveil.sidecar.identity.Identity;
import io.podveil.sidecar.identity.Svid;
import io.podveil.sidecar.identity.Usage;
import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.InstantSource;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;

/** Asks the trust roots about every peer, on the event loop: only computation, no waiting. */
final class PeerTrustManager extends X509ExtendedTrustManager {

  private final Identity identity;
  private final TlsEngine engine;
  private final InstantSource clock;
  private final VerifiedChains clients = new VerifiedChains();
  private final VerifiedChains servers = new VerifiedChains();

  PeerTrustManager(Identity identity, TlsEngine engine, InstantSource clock) {
    this.identity = identity;
    this.engine = engine;
    this.clock = clock;
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine ssl)
      throws CertificateException {
    engine.beforeTickets(ssl);
    check(chain, Usage.CLIENT, clients, ssl);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine ssl)
      throws CertificateException {
    check(chain, Usage.SERVER, servers, ssl);
  }

  private void check(
      X509Certificate[] presented, Usage usage, VerifiedChains verified, SSLEngine ssl)
      throws CertificateException {
    List<X509Certificate> chain = List.of(presented);
    try {
      Svid svid =
          verified.verify(
              chain,
              clock.instant(),
              now ->
                  identity
                      .roots()
                      .verify(chain, identity.credential().id().trustDomain(), usage, now));
      PeerIdentity.keep(svid, ssl.getHandshakeSession());
    } catch (FlawedCertificateException e) {
      throw engine.refusal(e);
    }
  }

  /** None are named to clients, who might then keep their certificate to themselves. */
  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return new X509Certificate[0];
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType) {
    throw new UnsupportedOperationException("engines only");
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType) {
    throw new UnsupportedOperationException("engines only");
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket) {
    throw new UnsupportedOperationException("engines only");
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket) {
    throw new UnsupportedOperationException("engines only");
  }
}
