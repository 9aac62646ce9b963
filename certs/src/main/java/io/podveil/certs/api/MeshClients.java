package io.podveil.certs.api;

import io.podveil.certs.signer.Names;
import io.podveil.certs.signer.Svid;
import io.podveil.certs.signer.TrustRoots;
import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;

/** Lets in clients with a certificate of the mesh: the chain, and what an X.509-SVID must be. */
final class MeshClients extends X509ExtendedTrustManager {
  private static final String CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";

  private final Supplier<TrustRoots> roots;
  private final String trustDomain;

  MeshClients(Supplier<TrustRoots> roots, String trustDomain) {
    this.roots = roots;
    this.trustDomain = trustDomain;
  }

  /** Who the owner of a certificate is; nothing if it is no workload's of this trust domain. */
  Optional<Names> namesOf(X509Certificate leaf) {
    try {
      // Looked at again for every request: a connection outlives the handshake.
      leaf.checkValidity();
      return Optional.of(Svid.namesOf(leaf)).filter(names -> names.id().isMemberOf(trustDomain));
    } catch (CertificateException | IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private void check(X509Certificate[] chain) throws CertificateException {
    roots.get().verify(List.of(chain), Instant.now());
    Collection<String> usages = chain[0].getExtendedKeyUsage();
    if (usages == null || !usages.contains(CLIENT_AUTH) || namesOf(chain[0]).isEmpty()) {
      throw new CertificateException("not a workload's certificate of " + trustDomain);
    }
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    check(chain);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    check(chain);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    check(chain);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine)
      throws CertificateException {
    throw onlyServer();
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket)
      throws CertificateException {
    throw onlyServer();
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String authType)
      throws CertificateException {
    throw onlyServer();
  }

  @Override
  public X509Certificate[] getAcceptedIssuers() {
    // Names of roots tell a client nothing that it needs.
    return new X509Certificate[0];
  }

  private static CertificateException onlyServer() {
    return new CertificateException("this is a server and checks no servers");
  }
}
