package io.podveil.sidecar.egress;

import static org.assertj.core.api.Assertions.assertThat;

import io.podveil.sidecar.identity.SpiffeId;
import io.podveil.sidecar.net.Cidr;
import io.podveil.sidecar.net.OriginalDestination;
import io.podveil.sidecar.peers.Peer;
import io.podveil.sidecar.peers.Peer.Endpoint;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which way out: what is inside the ranges is encrypted, and nobody dials himself. */
final class EgressRouterTest {
  private static final Set<InetAddress> OWN =
      Set.of(
          InetAddress.ofLiteral("127.0.0.1"),
          InetAddress.ofLiteral("10.0.0.5"),
          InetAddress.ofLiteral("fd00::5"));

  private final EgressRouter router =
      new EgressRouter(
          Cidr.parseList("10.0.0.0/8,fc00::/7"), OutboundMode.AUTO, 1, OWN::contains, bound -> 0);

  @ParameterizedTest
  @CsvSource({
    "10.0.0.6,80,Encrypt",
    "10.255.255.255,80,Encrypt",
    "11.0.0.0,80,PassThrough",
    "192.0.2.1,443,PassThrough",
    "fd00::6,80,Encrypt",
    "fe80::1,80,PassThrough",
    "2001:db8::1,443,PassThrough",
    // Another pod's port 1 is that pod's affair; the own one would be dialling ourselves.
    "10.0.0.6,1,Encrypt",
    "10.0.0.5,1,Refuse",
    "fd00::5,1,Refuse",
    "127.0.0.1,1,Refuse",
    "10.0.0.5,80,Encrypt",
    "127.0.0.1,80,PassThrough"
  })
  void routes(String address, int port, String route) {
    OriginalDestination to =
        new OriginalDestination(new InetSocketAddress(InetAddress.ofLiteral(address), port));
    EgressRoute taken =
        router.withoutAsking(to).orElseGet(() -> router.route(to, new Peer.Unasked(), Set.of()));
    assertThat(taken.getClass().getSimpleName()).isEqualTo(route);
  }

  @Test
  void reachesItselfThroughItsOwnServiceWithoutASidecarBetween() {
    OriginalDestination service = to("10.96.0.7", 80);
    Peer web = new Peer.Meshed(Set.of(SpiffeId.parse("spiffe://cluster.local/ns/shop/sa/web")));
    List<Endpoint> endpoints =
        List.of(
            new Endpoint(to("10.0.0.5", 8080).address(), web),
            new Endpoint(to("10.0.0.6", 8080).address(), web));
    Peer peer = new Peer.Service(endpoints, Peer.Affinity.NONE);

    assertThat(router.route(service, peer, Set.of()))
        .isEqualTo(new EgressRoute.PassThrough(to("10.0.0.5", 8080)));
    assertThat(router.route(service, peer, Set.of(to("10.0.0.5", 8080).address())))
        .isInstanceOf(EgressRoute.Encrypt.class);
  }

  private static OriginalDestination to(String address, int port) {
    return new OriginalDestination(new InetSocketAddress(InetAddress.ofLiteral(address), port));
  }
}
