package io.podveil.sidecar.tls;

import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSslCachingX509KeyManagerFactory;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.util.ReferenceCountUtil;
import io.podveil.sidecar.identity.Identity;
import java.time.InstantSource;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLException;

/**
 * One identity's contexts, made once: parsing a key for each connection would cost more than TLS.
 */
record Contexts(Identity identity, SslContext client, SslContext server) {

  private static final String PROTOCOL = "podveil/1";
  private static final List<String> CIPHERS =
      List.of("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256");

  // A peer that offers other protocols, or none, is spoken to in plain TLS: nothing is selected.
  private static final ApplicationProtocolConfig ALPN =
      new ApplicationProtocolConfig(
          ApplicationProtocolConfig.Protocol.ALPN,
          ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
          ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
          PROTOCOL);

  static Contexts of(Identity identity, TlsEngine engine, InstantSource clock) throws SSLException {
    KeyManagerFactory keys =
        new OpenSslCachingX509KeyManagerFactory(new OwnKeyFactory(identity.credential()));
    PeerTrustManager trust = new PeerTrustManager(identity, engine, clock);
    SslContext client =
        build(
            SslContextBuilder.forClient()
                .keyManager(keys)
                // Names are not asked for: whom we expect behind an address is a SPIFFE id.
                .endpointIdentificationAlgorithm(null),
            trust,
            engine);
    try {
      SslContext server =
          build(SslContextBuilder.forServer(keys).clientAuth(ClientAuth.REQUIRE), trust, engine);
      return new Contexts(identity, client, server);
    } catch (SSLException | RuntimeException e) {
      ReferenceCountUtil.release(client);
      throw e;
    }
  }

  private static SslContext build(
      SslContextBuilder builder, PeerTrustManager trust, TlsEngine engine) throws SSLException {
    builder
        .protocols("TLSv1.3")
        .ciphers(CIPHERS)
        .applicationProtocolConfig(ALPN)
        .trustManager(trust);
    engine.configure(builder);
    return builder.build();
  }

  /** Native memory goes when the last handler made from these contexts has gone, too. */
  void release() {
    ReferenceCountUtil.release(client);
    ReferenceCountUtil.release(server);
  }
}
