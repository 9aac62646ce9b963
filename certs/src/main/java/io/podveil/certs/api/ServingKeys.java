package io.podveil.certs.api;

import io.podveil.certs.signer.Credential;
import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/** Shows the certificate that is in force when a handshake begins. */
final class ServingKeys extends X509ExtendedKeyManager {
  // A handshake asks for the name, then for the certificate, then for the key; a renewal in
  // between must not mix two of them.
  private static final int KEPT = 4;

  private final Supplier<Credential> inForce;
  private final Map<String, Credential> recent = new LinkedHashMap<>();

  ServingKeys(Supplier<Credential> inForce) {
    this.inForce = inForce;
  }

  @Override
  public @Nullable String chooseEngineServerAlias(
      String keyType, Principal @Nullable [] issuers, SSLEngine engine) {
    return keyType.startsWith("EC") ? current() : null;
  }

  @Override
  public @Nullable String chooseServerAlias(
      String keyType, Principal @Nullable [] issuers, Socket socket) {
    return keyType.startsWith("EC") ? current() : null;
  }

  @Override
  public X509Certificate @Nullable [] getCertificateChain(String alias) {
    Credential credential = named(alias);
    return credential == null
        ? null
        : credential.certificate().chain().toArray(X509Certificate[]::new);
  }

  @Override
  public @Nullable PrivateKey getPrivateKey(String alias) {
    Credential credential = named(alias);
    return credential == null ? null : credential.key();
  }

  @Override
  public String @Nullable [] getServerAliases(String keyType, Principal @Nullable [] issuers) {
    return null;
  }

  @Override
  public String @Nullable [] getClientAliases(String keyType, Principal @Nullable [] issuers) {
    return null;
  }

  @Override
  public @Nullable String chooseClientAlias(
      String[] keyType, Principal @Nullable [] issuers, Socket socket) {
    return null;
  }

  private synchronized String current() {
    Credential credential = inForce.get();
    String name = credential.certificate().leaf().getSerialNumber().toString(16);
    recent.putIfAbsent(name, credential);
    if (recent.size() > KEPT) {
      recent.remove(recent.keySet().iterator().next());
    }
    return name;
  }

  private synchronized @Nullable Credential named(String alias) {
    return recent.get(alias);
  }
}
