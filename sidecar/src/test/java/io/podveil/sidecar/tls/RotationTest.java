package io.podveil.sidecar.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.util.ReferenceCountUtil;
import io.podveil.sidecar.identity.Identity;
import io.podveil.sidecar.identity.TrustBundle;
import io.podveil.sidecar.testbed.TestAuthority;
import io.podveil.sidecar.testbed.TestAuthority.Bad;
import io.podveil.sidecar.tls.HandshakeFailure.Reason;
import io.podveil.sidecar.tls.Loop.Connection;
import io.podveil.sidecar.tls.Loop.Outcome;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Identities that change while connections come and go. */
class RotationTest {

  private final TestAuthority old = TestAuthority.create();
  private final TestAuthority young = TestAuthority.create();
  private final Loop loop = new Loop();
  private final List<Tls> opened = new ArrayList<>();

  @AfterEach
  void close() {
    loop.close();
    opened.forEach(Tls::close);
  }

  @ParameterizedTest
  @EnumSource
  void rootsGoFromOldToBothToNewAndNoHandshakeFails(TlsEngine engine) throws Exception {
    Tls client = tls(identity(old, old.roots()), engine);
    Tls server = tls(identity(old, old.roots()), engine);
    InetSocketAddress address = loop.serve(server::server);
    TrustBundle both = old.roots(young);
    AtomicBoolean done = new AtomicBoolean();
    AtomicInteger connections = new AtomicInteger();

    Thread rotation =
        Thread.startVirtualThread(() -> {
          for (Identity next :
              List.of(identity(old, both), identity(young, both), identity(young, young.roots()))) {
            for (Tls tls : List.of(client, server)) {
              awaitMore(connections, 10);
              tls.use(next);
            }
          }
          awaitMore(connections, 10);
          done.set(true);
        });
    while (rotation.isAlive()) {
      loop.connect(address, client::client).admitted();
      connections.incrementAndGet();
    }
    rotation.join();

    assertThat(done).isTrue();
    assertThat(connections).hasValueGreaterThan(60);
  }

  @ParameterizedTest
  @EnumSource
  void aConnectionOutlivesTheIdentityItBeganWith(TlsEngine engine) throws Exception {
    Tls client = tls(identity(old, old.roots()), engine);
    Tls server = tls(identity(old, old.roots()), engine);
    try (Connection connection = loop.open(loop.serve(server::server), client::client)) {
      connection.greet().admitted();

      client.use(identity(young, young.roots()));
      server.use(identity(young, young.roots()));

      connection.greet().admitted();
    }
  }

  @Test
  void nativeMemoryGoesWithTheLastConnectionThatNeedsIt() throws Exception {
    Tls client = tls(identity(old, old.roots()), TlsEngine.BORINGSSL);
    Tls server = tls(identity(old, old.roots()), TlsEngine.BORINGSSL);
    List<Contexts> before = List.of(client.inForce(), server.inForce());
    try (Connection connection = loop.open(loop.serve(server::server), client::client)) {
      connection.greet().admitted();
      client.use(identity(old, old.roots()));
      server.use(identity(old, old.roots()));

      assertThat(ReferenceCountUtil.refCnt(before.get(0).client())).isOne();
      assertThat(ReferenceCountUtil.refCnt(before.get(1).server())).isOne();
      assertThat(ReferenceCountUtil.refCnt(before.get(0).server())).isZero();
      assertThat(ReferenceCountUtil.refCnt(before.get(1).client())).isZero();
    }

    await()
        .untilAsserted(() -> {
          assertThat(ReferenceCountUtil.refCnt(before.get(0).client())).isZero();
          assertThat(ReferenceCountUtil.refCnt(before.get(1).server())).isZero();
        });
  }

  @ParameterizedTest
  @EnumSource
  void whoHasNotHeardOfTheNewRootIsRefusedByNameAndToldSo(TlsEngine engine) throws Exception {
    Tls client = tls(identity(young, young.roots(old)), engine);
    Tls server = tls(identity(old, old.roots()), engine);

    Outcome connected = loop.connect(loop.serve(server::server), client::client);

    assertThat(loop.nextServed().explained(Role.SERVER).reason())
        .isEqualTo(Reason.UNKNOWN_AUTHORITY);
    // In TLS 1.3 the client was connected before it read the alert.
    HandshakeFailure atClient = connected.explained(Role.CLIENT);
    assertThat(atClient.reason()).as(atClient.text()).isEqualTo(Reason.REFUSED_BY_PEER);
  }

  @ParameterizedTest
  @EnumSource
  void whatWasVerifiedOnceIsRefusedOnceItHasExpired(TlsEngine engine) throws Exception {
    Instant[] clock = {Instant.now()};
    Tls client = tls(identity(old, old.roots()), engine);
    Tls server =
        new Tls(identity(old, old.roots()), engine, Duration.ofSeconds(10), () -> clock[0]);
    opened.add(server);
    InetSocketAddress address = loop.serve(server::server);

    for (int i = 0; i < 3; i++) {
      loop.connect(address, client::client).admitted();
      loop.nextServed().admitted();
    }
    clock[0] = client.identity().credential().notAfter().plusSeconds(1);
    assertThat(server.usable(clock[0])).isFalse();
    loop.connect(address, client::client);

    assertThat(loop.nextServed().explained(Role.SERVER).reason()).isEqualTo(Reason.EXPIRED);
  }

  @Test
  void saysWhetherItMayBeUsed() {
    Tls valid = tls(identity(old, old.roots()), TlsEngine.BORINGSSL);
    Tls expired =
        tls(
            old.issueBad(Bad.EXPIRED, "ns/shop/sa/cart").identity(old.roots()),
            TlsEngine.BORINGSSL);

    assertThat(valid.usable(Instant.now())).isTrue();
    assertThat(valid.usable(valid.identity().credential().notBefore().minusSeconds(1))).isFalse();
    assertThat(expired.usable(Instant.now())).isFalse();
    assertThat(HandshakeFailure.ownCertificate(expired.identity().credential()).text())
        .startsWith("our own certificate is valid from ");
  }

  private static void awaitMore(AtomicInteger connections, int more) {
    int target = connections.get() + more;
    await().atMost(Duration.ofSeconds(30)).until(() -> connections.get() >= target);
  }

  private static Identity identity(TestAuthority authority, TrustBundle roots) {
    return authority.issue("ns/shop/sa/cart", "127.0.0.1").identity(roots);
  }

  private Tls tls(Identity identity, TlsEngine engine) {
    Tls tls = new Tls(identity, engine, Duration.ofSeconds(10), InstantSource.system());
    opened.add(tls);
    return tls;
  }
}
