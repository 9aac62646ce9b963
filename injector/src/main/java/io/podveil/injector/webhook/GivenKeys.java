package io.podveil.injector.webhook;

import io.vertx.core.Vertx;
import io.vertx.core.net.KeyCertOptions;
import java.security.KeyStore;
import java.security.Provider;
import java.util.function.Function;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.KeyManagerFactorySpi;
import javax.net.ssl.ManagerFactoryParameters;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/**
 * A key manager as Vert.x wants it. Vert.x 5.2 has {@code KeyCertOptions.wrap} for that, but its
 * wrapper logs through SLF4J, which Vert.x itself doesn't bring: without it, the server doesn't
 * start.
 */
record GivenKeys(X509ExtendedKeyManager keys) implements KeyCertOptions {
  @Override
  public KeyCertOptions copy() {
    return this;
  }

  @Override
  public KeyManagerFactory getKeyManagerFactory(Vertx vertx) {
    return new Factory(keys);
  }

  @Override
  public @Nullable Function<String, KeyManagerFactory> keyManagerFactoryMapper(Vertx vertx) {
    // No certificate of its own for any name that a client may ask for.
    return null;
  }

  private static final class Factory extends KeyManagerFactory {
    private static final Provider NOBODY =
        new Provider("Podveil", "1", "hands out the keys it was given") {
          private static final long serialVersionUID = 1;
        };

    private Factory(X509ExtendedKeyManager keys) {
      super(new Spi(keys), NOBODY, "given");
    }
  }

  private static final class Spi extends KeyManagerFactorySpi {
    private final X509ExtendedKeyManager keys;

    private Spi(X509ExtendedKeyManager keys) {
      this.keys = keys;
    }

    @Override
    protected void engineInit(@Nullable KeyStore store, char @Nullable [] password) {}

    @Override
    protected void engineInit(ManagerFactoryParameters parameters) {}

    @Override
    protected KeyManager[] engineGetKeyManagers() {
      return new KeyManager[] {keys};
    }
  }
}
