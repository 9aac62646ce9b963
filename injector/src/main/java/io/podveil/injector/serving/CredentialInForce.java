package io.podveil.injector.serving;

import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/** The credential that the next handshake uses. */
public final class CredentialInForce {
  private final AtomicReference<Credential> current;

  public CredentialInForce(Credential first) {
    this.current = new AtomicReference<>(first);
  }

  public Credential get() {
    return current.get();
  }

  /** Puts another one in its place; handshakes under way finish with the one they began with. */
  public void replace(Credential next) {
    current.set(next);
  }

  /** A key manager that answers from whatever is in force when a handshake asks. */
  public X509ExtendedKeyManager keyManager() {
    return new Pulling();
  }

  private final class Pulling extends X509ExtendedKeyManager {
    // A handshake asks for an alias and then, by alias, for chain and key. Serial numbers as
    // aliases make the
    // three answers agree even when the credential is replaced in between: the handshake then
    // fails, and is tried again.
    private @Nullable Credential named(String alias) {
      Credential credential = current.get();
      return alias(credential).equals(alias) ? credential : null;
    }

    private static String alias(Credential credential) {
      return credential.leaf().getSerialNumber().toString(16);
    }

    @Override
    public @Nullable String chooseEngineServerAlias(
        String keyType, Principal[] issuers, SSLEngine engine) {
      Credential credential = current.get();
      // The engine asks for key type after key type; a certificate serves one of them.
      return keyType.startsWith(credential.key().getAlgorithm()) ? alias(credential) : null;
    }

    @Override
    public X509Certificate @Nullable [] getCertificateChain(String alias) {
      Credential credential = named(alias);
      return credential == null ? null : credential.chain().toArray(X509Certificate[]::new);
    }

    @Override
    public @Nullable PrivateKey getPrivateKey(String alias) {
      Credential credential = named(alias);
      return credential == null ? null : credential.key();
    }

    @Override
    public @Nullable String chooseServerAlias(String keyType, Principal[] issuers, Socket socket) {
      return null;
    }

    @Override
    public String @Nullable [] getServerAliases(String keyType, Principal[] issuers) {
      return null;
    }

    @Override
    public String @Nullable [] getClientAliases(String keyType, Principal[] issuers) {
      return null;
    }

    @Override
    public @Nullable String chooseClientAlias(
        String[] keyTypes, Principal[] issuers, Socket socket) {
      return null;
    }
  }
}
