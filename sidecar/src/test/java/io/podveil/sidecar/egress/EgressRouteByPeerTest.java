package io.podveil.sidecar.egress;

import static org.assertj.core.api.Assertions.assertThat;

import io.podveil.sidecar.egress.EgressRoute.Encrypt;
import io.podveil.sidecar.egress.EgressRoute.PassThrough;
import io.podveil.sidecar.egress.EgressRoute.Refuse;
import io.podveil.sidecar.identity.SpiffeId;
import io.podveil.sidecar.net.Cidr;
import io.podveil.sidecar.net.OriginalDestination;
import io.podveil.sidecar.peers.Peer;
import io.podveil.sidecar.peers.Peer.Affinity;
import io.podveil.sidecar.peers.Peer.Endpoint;
import io.podveil.sidecar.relay.Outcome.Refused;
import io.podveil.sidecar.tls.PeerIdentity;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

class EgressRouteByPeerTest {
  private static final OriginalDestination TO = to("10.0.0.1");
  private static final SpiffeId CART = SpiffeId.parse("spiffe://cluster.local/ns/shop/sa/cart");
  private static final SpiffeId WEB = SpiffeId.parse("spiffe://cluster.local/ns/shop/sa/web");
  private static final Endpoint FIRST = endpoint("10.0.1.1", new Peer.Meshed(Set.of(CART)));
  private static final Endpoint SECOND = endpoint("10.0.1.2", new Peer.Meshed(Set.of(WEB)));
  private static final Endpoint PLAIN = endpoint("10.0.1.3", new Peer.NotMeshed());
  private int random;

  @Test
  void outsideTheRangesNobodyIsAsked() {
    assertThat(router(OutboundMode.STRICT).withoutAsking(to("1.1.1.1")))
        .contains(new PassThrough(to("1.1.1.1")));
    assertThat(router(OutboundMode.AUTO).withoutAsking(TO)).isEmpty();
  }

  @Test
  void whoDialsTheListenerItselfIsRefused() {
    OriginalDestination self =
        new OriginalDestination(new InetSocketAddress(InetAddress.ofLiteral("10.0.0.9"), 1));

    assertThat(router(OutboundMode.AUTO).withoutAsking(self))
        .hasValueSatisfying(route ->
            assertThat(route)
                .isInstanceOf(Refuse.class)
                .hasFieldOrPropertyWithValue("reason", "not_captured"));
  }

  @Test
  void withoutAnAnswerTheRangesDecide() {
    for (OutboundMode mode : OutboundMode.values()) {
      assertThat(route(mode, new Peer.Unasked()))
          .isEqualTo(new Encrypt(TO, new Expected.Resident()));
    }
  }

  @Test
  void whoIsMeshedIsNeverSpokenToInPlaintext() {
    for (OutboundMode mode : OutboundMode.values()) {
      assertThat(route(mode, new Peer.Meshed(Set.of(CART, WEB))))
          .isEqualTo(new Encrypt(TO, new Expected.OneOf(Set.of(CART, WEB))));
    }
  }

  @Test
  void whoIsNotMeshedIsSpokenToInPlaintextOrNotAtAll() {
    assertThat(route(OutboundMode.AUTO, new Peer.NotMeshed())).isEqualTo(new PassThrough(TO));
    assertThat(route(OutboundMode.STRICT, new Peer.NotMeshed()))
        .isInstanceOf(Refuse.class)
        .hasFieldOrPropertyWithValue("reason", "not_meshed");
  }

  @Test
  void aServiceGetsOneOfItsEndpointsAtRandom() {
    Peer service = service(Affinity.NONE, FIRST, SECOND, PLAIN);

    assertThat(route(OutboundMode.AUTO, service)).isEqualTo(encrypt(FIRST, CART));
    random = 1;
    assertThat(route(OutboundMode.AUTO, service)).isEqualTo(encrypt(SECOND, WEB));
    random = 2;
    assertThat(route(OutboundMode.AUTO, service))
        .isEqualTo(new PassThrough(new OriginalDestination(PLAIN.address())));
  }

  @Test
  void strictNeverPicksAnEndpointThatIsNotMeshed() {
    assertThat(route(OutboundMode.STRICT, service(Affinity.NONE, PLAIN, SECOND)))
        .isEqualTo(encrypt(SECOND, WEB));
  }

  @Test
  void anEndpointThatFailedIsNotTriedAgain() {
    Peer service = service(Affinity.NONE, FIRST, SECOND);

    assertThat(router(OutboundMode.AUTO).route(TO, service, Set.of(FIRST.address())))
        .isEqualTo(encrypt(SECOND, WEB));
    assertThat(
            router(OutboundMode.AUTO).route(TO, service, Set.of(FIRST.address(), SECOND.address())))
        .isInstanceOf(Refuse.class)
        .hasFieldOrPropertyWithValue("reason", "unreachable");
  }

  @Test
  void sessionAffinityDialsTheServiceItselfAndExpectsAnyOfItsEndpoints() {
    assertThat(route(OutboundMode.AUTO, service(Affinity.CLIENT, FIRST, SECOND)))
        .isEqualTo(new Encrypt(TO, new Expected.BehindService(Set.of(CART, WEB))));
  }

  @Test
  void sessionAffinityOfAMixedServicePicksTheSameEndpointEachTime() {
    Peer service = service(Affinity.CLIENT, FIRST, SECOND, PLAIN);

    EgressRoute first = route(OutboundMode.AUTO, service);
    random = 1;

    assertThat(route(OutboundMode.AUTO, service)).isEqualTo(first);
  }

  @Test
  void saysWhomItExpectedAndWhoAnswered() {
    PeerIdentity web = identity(WEB, "10.0.0.1");

    assertThat(new Expected.OneOf(Set.of(CART)).objection(web, TO.address().getAddress()))
        .contains(
            new Refused(
                "wrong_identity",
                "answered as ns/shop/sa/web, expected ns/shop/sa/cart; is another pod using this"
                    + " address?"));
    assertThat(new Expected.BehindService(Set.of(CART)).objection(web, TO.address().getAddress()))
        .map(Refused::reason)
        .contains("wrong_identity");
  }

  @Test
  void theAddressMustBeInTheCertificateUnlessItIsAServices() {
    InetAddress dialled = TO.address().getAddress();
    PeerIdentity elsewhere = identity(CART, "10.0.0.2");

    assertThat(new Expected.Resident().objection(elsewhere, dialled))
        .map(Refused::reason)
        .contains("wrong_address");
    assertThat(new Expected.OneOf(Set.of(CART)).objection(elsewhere, dialled))
        .map(Refused::reason)
        .contains("wrong_address");
    assertThat(new Expected.BehindService(Set.of(CART)).objection(elsewhere, dialled)).isEmpty();
    assertThat(new Expected.OneOf(Set.of(CART)).objection(identity(CART, "10.0.0.1"), dialled))
        .isEqualTo(Optional.empty());
  }

  private static PeerIdentity identity(SpiffeId id, String address) {
    return new PeerIdentity(id, Set.of(InetAddress.ofLiteral(address)), Instant.EPOCH, Instant.MAX);
  }

  private EgressRoute route(OutboundMode mode, Peer peer) {
    return router(mode).route(TO, peer, Set.of());
  }

  private EgressRouter router(OutboundMode mode) {
    return new EgressRouter(
        Cidr.parseList("10.0.0.0/8"),
        mode,
        1,
        InetAddress.ofLiteral("10.0.0.9")::equals,
        bound -> random % bound);
  }

  private static Encrypt encrypt(Endpoint endpoint, SpiffeId expected) {
    return new Encrypt(
        new OriginalDestination(endpoint.address()), new Expected.OneOf(Set.of(expected)));
  }

  private static Peer service(Affinity affinity, Endpoint... endpoints) {
    return new Peer.Service(List.of(endpoints), affinity);
  }

  private static Endpoint endpoint(String address, Peer peer) {
    return new Endpoint(to(address).address(), peer);
  }

  private static OriginalDestination to(String address) {
    return new OriginalDestination(new InetSocketAddress(InetAddress.ofLiteral(address), 80));
  }
}
