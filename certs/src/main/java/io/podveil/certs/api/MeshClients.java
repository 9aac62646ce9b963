package io.podveil.certs.api;

import io.podveil.certs.signer.Names;
import io.podveil.certs.signer.Svid;
import java.net.Socket;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;

/** Lets in clients with a certificate of the mesh: the chain, and what an X.509-SVID must be. */
final class MeshClients extends X509ExtendedTrustManager {
  private static final String CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";

  private final Supplier<List<X509Certificate>> roots;
  private final String trustDomain;

  MeshClients(Supplier<List<X509Certificate>> roots, String trustDomain) {
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
    try {
      Set<TrustAnchor> anchors =
          roots.get().stream()
              .map(root -> new TrustAnchor(root, null))
              .collect(Collectors.toUnmodifiableSet());
      var parameters = new PKIXParameters(anchors);
      parameters.setRevocationEnabled(false);
      // A peer may send its root along; for validation it is an anchor, not a link.
      List<X509Certificate> links =
          Arrays.stream(chain).filter(link -> !roots.get().contains(link)).toList();
      CertPathValidator.getInstance("PKIX")
          .validate(CertificateFactory.getInstance("X.509").generateCertPath(links), parameters);
      Collection<String> usages = chain[0].getExtendedKeyUsage();
      if (usages == null || !usages.contains(CLIENT_AUTH) || namesOf(chain[0]).isEmpty()) {
        throw new CertificateException("not a workload's certificate of " + trustDomain);
      }
    } catch (CertificateException e) {
      throw e;
    } catch (Throwable e) {
      // Validators throw many things at odd certificates; all of them mean no.
      throw new CertificateException("the client's certificate was not accepted", e);
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
