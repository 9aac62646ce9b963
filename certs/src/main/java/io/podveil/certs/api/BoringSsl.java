package io.podveil.certs.api;

import io.netty.handler.ssl.DelegatingSslContext;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslProvider;
import io.netty.internal.tcnative.SSL;
import io.vertx.core.net.JdkSSLEngineOptions;
import io.vertx.core.net.OpenSSLEngineOptions;
import io.vertx.core.net.SSLEngineOptions;
import io.vertx.core.spi.tls.DefaultSslContextFactory;
import io.vertx.core.spi.tls.SslContextFactory;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;

/**
 * Handshakes by BoringSSL: a sidecar needs one for each certificate, and they come too seldom for
 * the JDK's code to be compiled. A question then takes 13 ms of CPU, with this 8.
 */
final class BoringSsl extends OpenSSLEngineOptions {
  private static final System.Logger LOG = System.getLogger("tls");

  private BoringSsl() {
    setSessionCacheEnabled(false);
  }

  /** It, or where it can't be loaded the JDK's own engine. */
  static SSLEngineOptions orJdk() {
    if (OpenSsl.isAvailable()) {
      return new BoringSsl();
    }
    LOG.log(
        System.Logger.Level.INFO,
        "BoringSSL can''t be loaded ({0}); TLS is done by the JDK, at several times the CPU",
        OpenSsl.unavailabilityCause().getMessage());
    return new JdkSSLEngineOptions();
  }

  @Override
  public OpenSSLEngineOptions copy() {
    return new BoringSsl();
  }

  @Override
  public SslContextFactory sslContextFactory() {
    return new DefaultSslContextFactory(SslProvider.OPENSSL, false) {
      @Override
      public SslContext create() throws SSLException {
        return new WithoutTickets(super.create());
      }
    };
  }

  /**
   * Netty's engines issue tickets in TLS 1.3 even where the context says no, and a resumed
   * handshake doesn't ask whether the client's certificate still is one that we accept.
   */
  private static final class WithoutTickets extends DelegatingSslContext {
    WithoutTickets(SslContext context) {
      super(context);
    }

    @Override
    protected void initEngine(SSLEngine engine) {
      SSL.setOptions(((ReferenceCountedOpenSslEngine) engine).sslPointer(), SSL.SSL_OP_NO_TICKET);
    }
  }
}
