package io.podveil.sidecar.tls;

import io.netty.handler.ssl.util.SimpleKeyManagerFactory;
import io.podveil.sidecar.identity.Credential;
import java.net.Socket;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import javax.net.ssl.KeyManager;
import javax.net.ssl.ManagerFactoryParameters;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/** Offers our one credential, whatever authorities a peer says it knows. */
final class OwnKeyFactory extends SimpleKeyManagerFactory {

  private final KeyManager[] keyManagers;

  OwnKeyFactory(Credential credential) {
    this.keyManagers = new KeyManager[] {new OwnKey(credential)};
  }

  @Override
  protected void engineInit(KeyStore keyStore, char[] password) {}

  @Override
  protected void engineInit(ManagerFactoryParameters parameters) {}

  @Override
  protected KeyManager[] engineGetKeyManagers() {
    return keyManagers.clone();
  }

  /**
   * A peer's list of authorities is not looked at: a client that keeps its certificate to itself
   * where the list doesn't name its root is told "certificate required", and the cause stays
   * hidden.
   */
  private static final class OwnKey extends X509ExtendedKeyManager {

    private static final String ALIAS = "own";

    private final Credential credential;

    OwnKey(Credential credential) {
      this.credential = credential;
    }

    @Override
    public String chooseEngineClientAlias(
        String[] keyTypes, Principal @Nullable [] issuers, SSLEngine engine) {
      return ALIAS;
    }

    @Override
    public @Nullable String chooseEngineServerAlias(
        String keyType, Principal @Nullable [] issuers, SSLEngine engine) {
      return keyType.equals(credential.key().getAlgorithm()) ? ALIAS : null;
    }

    @Override
    public X509Certificate[] getCertificateChain(String alias) {
      return credential.chain().toArray(X509Certificate[]::new);
    }

    @Override
    public PrivateKey getPrivateKey(String alias) {
      return credential.key();
    }

    @Override
    public String[] getClientAliases(String keyType, Principal @Nullable [] issuers) {
      return new String[] {ALIAS};
    }

    @Override
    public String[] getServerAliases(String keyType, Principal @Nullable [] issuers) {
      return new String[] {ALIAS};
    }

    @Override
    public String chooseClientAlias(
        String[] keyTypes, Principal @Nullable [] issuers, Socket socket) {
      throw new UnsupportedOperationException("engines only");
    }

    @Override
    public String chooseServerAlias(String keyType, Principal @Nullable [] issuers, Socket socket) {
      throw new UnsupportedOperationException("engines only");
    }
  }
}
