package io.podveil.sidecar.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import io.netty.util.ReferenceCountUtil;
import io.podveil.sidecar.identity.Identity;
import io.podveil.sidecar.identity.Svid;
import io.podveil.sidecar.testbed.Issued;
import io.podveil.sidecar.testbed.TestAuthority;
import io.podveil.sidecar.testbed.TestAuthority.Bad;
import io.podveil.sidecar.tls.HandshakeFailure.Reason;
import io.podveil.sidecar.tls.Loop.Outcome;
import java.net.InetAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLEngine;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Both engines against each other, and against peers with each kind of bad certificate. */
class TlsTest {

  private final TestAuthority authority = TestAuthority.create();
  private final Loop loop = new Loop();
  private final List<Tls> opened = new ArrayList<>();

  @AfterEach
  void close() {
    loop.close();
    opened.forEach(Tls::close);
  }

  @ParameterizedTest
  @CsvSource({"BORINGSSL,BORINGSSL", "BORINGSSL,JDK", "JDK,BORINGSSL", "JDK,JDK"})
  void twoOfUsKnowEachOtherAndSelectPodveil(TlsEngine clients, TlsEngine servers) throws Exception {
    Tls client = tls(authority.issue("ns/shop/sa/web", "10.0.0.1", "fd00::1"), clients);
    Tls server = tls(authority.issue("ns/shop/sa/cart", "10.0.0.2"), servers);

    Outcome connected = loop.connect(loop.serve(server::server), client::client);
    Outcome served = loop.nextServed();

    assertThat(connected.admitted().id().shortForm()).isEqualTo("ns/shop/sa/cart");
    assertThat(connected.protocol()).isEqualTo("podveil/1");
    assertThat(connected.admitted().holds(InetAddress.ofLiteral("10.0.0.2"))).isTrue();
    assertThat(connected.admitted().holds(InetAddress.ofLiteral("10.0.0.1"))).isFalse();
    assertThat(served.admitted().id().shortForm()).isEqualTo("ns/shop/sa/web");
    assertThat(served.protocol()).isEqualTo("podveil/1");
    assertThat(served.admitted().holds(InetAddress.ofLiteral("fd00::1"))).isTrue();
  }

  @ParameterizedTest
  @EnumSource
  void whoWasVerifiedIsNobodyBeforeTheHandshakeHasEnded(TlsEngine engine) throws Exception {
    Issued issued = authority.issue("ns/shop/sa/web");
    SSLEngine unfinished = tls(issued, engine).client(UnpooledByteBufAllocator.DEFAULT).engine();
    try {
      PeerIdentity.keep(Svid.of(issued.chain()), unfinished.getSession());

      assertThatThrownBy(() -> PeerIdentity.of(unfinished.getSession()))
          .isInstanceOf(IllegalStateException.class);
    } finally {
      ReferenceCountUtil.release(unfinished);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "BORINGSSL,EXPIRED,EXPIRED,certificate_expired",
    "BORINGSSL,NOT_YET_VALID,NOT_YET_VALID,certificate_expired",
    "BORINGSSL,WRONG_CA,UNKNOWN_AUTHORITY,unknown_ca",
    "BORINGSSL,NO_SAN,NOT_AN_SVID,bad_certificate",
    "BORINGSSL,TWO_URI_SANS,NOT_AN_SVID,bad_certificate",
    "BORINGSSL,CA_AS_LEAF,NOT_AN_SVID,bad_certificate",
    "BORINGSSL,WRONG_TRUST_DOMAIN,WRONG_TRUST_DOMAIN,bad_certificate",
    "BORINGSSL,HUGE,TOO_LARGE,illegal_parameter",
    "JDK,EXPIRED,EXPIRED,certificate_unknown",
    "JDK,NOT_YET_VALID,NOT_YET_VALID,certificate_unknown",
    "JDK,WRONG_CA,UNKNOWN_AUTHORITY,certificate_unknown",
    "JDK,NO_SAN,NOT_AN_SVID,certificate_unknown",
    "JDK,TWO_URI_SANS,NOT_AN_SVID,certificate_unknown",
    "JDK,CA_AS_LEAF,NOT_AN_SVID,certificate_unknown",
    "JDK,WRONG_TRUST_DOMAIN,WRONG_TRUST_DOMAIN,certificate_unknown",
    "JDK,HUGE,TOO_LARGE,unexpected_message"
  })
  void serverRefusesABadClientAndTellsItWhy(TlsEngine engine, Bad kind, Reason reason, String alert)
      throws Exception {
    Tls server = tls(authority.issue("ns/shop/sa/cart", "10.0.0.2"), engine);
    SslContext bad = foreignClient(authority.issueBad(kind, "ns/shop/sa/web", "10.0.0.1"));

    Outcome connected = loop.connect(loop.serve(server::server), bad::newHandler);

    HandshakeFailure atServer = loop.nextServed().explained(Role.SERVER);
    HandshakeFailure atClient = connected.explained(Role.CLIENT);
    assertThat(atServer.reason()).isEqualTo(reason);
    assertThat(atClient.text()).contains("alert " + alert);
  }

  @ParameterizedTest
  @CsvSource({
    "BORINGSSL,EXPIRED,EXPIRED,certificate_expired",
    "BORINGSSL,NOT_YET_VALID,NOT_YET_VALID,certificate_expired",
    "BORINGSSL,WRONG_CA,UNKNOWN_AUTHORITY,unknown_ca",
    "BORINGSSL,NO_SAN,NOT_AN_SVID,bad_certificate",
    "BORINGSSL,TWO_URI_SANS,NOT_AN_SVID,bad_certificate",
    "BORINGSSL,CA_AS_LEAF,NOT_AN_SVID,bad_certificate",
    "BORINGSSL,WRONG_TRUST_DOMAIN,WRONG_TRUST_DOMAIN,bad_certificate",
    "BORINGSSL,HUGE,TOO_LARGE,illegal_parameter",
    "JDK,EXPIRED,EXPIRED,certificate_expired",
    "JDK,NOT_YET_VALID,NOT_YET_VALID,bad_certificate",
    "JDK,WRONG_CA,UNKNOWN_AUTHORITY,certificate_unknown",
    "JDK,NO_SAN,NOT_AN_SVID,certificate_unknown",
    "JDK,TWO_URI_SANS,NOT_AN_SVID,certificate_unknown",
    "JDK,CA_AS_LEAF,NOT_AN_SVID,certificate_unknown",
    "JDK,WRONG_TRUST_DOMAIN,WRONG_TRUST_DOMAIN,certificate_unknown",
    "JDK,HUGE,TOO_LARGE,unexpected_message"
  })
  void clientRefusesABadServerAndTellsItWhy(TlsEngine engine, Bad kind, Reason reason, String alert)
      throws Exception {
    Tls client = tls(authority.issue("ns/shop/sa/web", "10.0.0.1"), engine);
    SslContext bad = foreignServer(authority.issueBad(kind, "ns/shop/sa/cart", "10.0.0.2"));

    Outcome connected = loop.connect(loop.serve(bad::newHandler), client::client);

    assertThat(connected.explained(Role.CLIENT).reason()).isEqualTo(reason);
    assertThat(loop.nextServed().explained(Role.SERVER).text()).contains("alert " + alert);
  }

  private Tls tls(Issued issued, TlsEngine engine) {
    return tls(issued.identity(authority.roots()), engine);
  }

  private Tls tls(Identity identity, TlsEngine engine) {
    Tls tls = new Tls(identity, engine, Duration.ofSeconds(10), InstantSource.system());
    opened.add(tls);
    return tls;
  }

  private static SslContext foreignClient(Issued issued) throws Exception {
    return SslContextBuilder.forClient()
        .keyManager(issued.key(), issued.chain())
        .trustManager(InsecureTrustManagerFactory.INSTANCE)
        .endpointIdentificationAlgorithm(null)
        .build();
  }

  private static SslContext foreignServer(Issued issued) throws Exception {
    return SslContextBuilder.forServer(issued.key(), issued.chain())
        .trustManager(InsecureTrustManagerFactory.INSTANCE)
        .build();
  }
}
