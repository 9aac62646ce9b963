package io.podveil.sidecar.egress;

import static java.util.stream.Collectors.toUnmodifiableSet;

import io.podveil.sidecar.identity.SpiffeId;
import io.podveil.sidecar.net.Cidr;
import io.podveil.sidecar.net.OriginalDestination;
import io.podveil.sidecar.peers.Peer;
import io.podveil.sidecar.peers.Peer.Endpoint;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntUnaryOperator;
import java.util.function.Predicate;

/** Decides about outbound connections, by what is configured and what lives where they go. */
public final class EgressRouter {
  private final List<Cidr> mtls;
  private final OutboundMode mode;
  private final int ownPort;
  private final Predicate<InetAddress> isOwnAddress;
  private final IntUnaryOperator random;

  /**
   * Decides by these.
   *
   * @param mtls destinations that get mutual TLS; everything else passes as it is
   * @param ownPort the egress listener's
   * @param isOwnAddress whether an address belongs to this network namespace
   * @param random a number below the one given
   */
  public EgressRouter(
      List<Cidr> mtls,
      OutboundMode mode,
      int ownPort,
      Predicate<InetAddress> isOwnAddress,
      IntUnaryOperator random) {
    this.mtls = List.copyOf(mtls);
    this.mode = mode;
    this.ownPort = ownPort;
    this.isOwnAddress = isOwnAddress;
    this.random = random;
  }

  /** The route, where it does not matter what lives there. */
  Optional<EgressRoute> withoutAsking(OriginalDestination to) {
    InetAddress address = to.address().getAddress();
    // The rules leave traffic to the pod itself alone, so this one was dialled by hand. Carrying it
    // out would be dialling ourselves, for ever.
    if (to.address().getPort() == ownPort && isOwnAddress.test(address)) {
      return Optional.of(
          new EgressRoute.Refuse(
              "not_captured",
              "the egress listener takes what the capture rules hand it; connect to the destination"
                  + " itself"));
    }
    return getsMtls(address) ? Optional.empty() : Optional.of(new EgressRoute.PassThrough(to));
  }

  /** No stream, for that alone takes a hundredth of a short connection. */
  private boolean getsMtls(InetAddress address) {
    for (Cidr cidr : mtls) {
      if (cidr.contains(address)) {
        return true;
      }
    }
    return false;
  }

  /**
   * The route to a destination in the ranges that get mutual TLS.
   *
   * @param peer what lives there
   * @param failed endpoints that could not be reached, and are not tried again
   */
  EgressRoute route(OriginalDestination to, Peer peer, Set<InetSocketAddress> failed) {
    return switch (peer) {
      case Peer.Unasked unasked -> new EgressRoute.Encrypt(to, new Expected.Resident());
      case Peer.Meshed(Set<SpiffeId> identities) ->
          new EgressRoute.Encrypt(to, new Expected.OneOf(identities));
      case Peer.NotMeshed plain -> notMeshed(to);
      case Peer.Service service -> service(to, service, failed);
    };
  }

  private EgressRoute notMeshed(OriginalDestination to) {
    return switch (mode) {
      case AUTO -> new EgressRoute.PassThrough(to);
      case STRICT ->
          new EgressRoute.Refuse(
              "not_meshed",
              "not meshed, and --outbound is strict; give it a sidecar, or exclude its address");
    };
  }

  private EgressRoute service(
      OriginalDestination to, Peer.Service service, Set<InetSocketAddress> failed) {
    List<Endpoint> usable =
        service.endpoints().stream()
            .filter(endpoint -> !failed.contains(endpoint.address()))
            .filter(endpoint -> mode == OutboundMode.AUTO || isMeshed(endpoint))
            .toList();
    if (usable.isEmpty()) {
      return new EgressRoute.Refuse(
          "unreachable", "unreachable: none of the Service's endpoints is");
    }
    boolean sticky = service.affinity() == Peer.Affinity.CLIENT;
    if (sticky && service.endpoints().stream().allMatch(EgressRouter::isMeshed)) {
      return new EgressRoute.Encrypt(to, new Expected.BehindService(identities(service)));
    }
    // Behind the address of a mixed Service nobody knows whom to expect; one that is picked by the
    // address is the same each time.
    int pick =
        sticky
            ? Math.floorMod(to.address().hashCode(), usable.size())
            : random.applyAsInt(usable.size());
    Endpoint endpoint = usable.get(pick);
    OriginalDestination there = new OriginalDestination(endpoint.address());
    // Our own app, in our own network: the rules leave that alone, so it would get the handshake.
    return isOwnAddress.test(endpoint.address().getAddress())
        ? new EgressRoute.PassThrough(there)
        : route(there, endpoint.peer(), failed);
  }

  private static boolean isMeshed(Endpoint endpoint) {
    return endpoint.peer() instanceof Peer.Meshed;
  }

  private static Set<SpiffeId> identities(Peer.Service service) {
    return service.endpoints().stream()
        .map(Endpoint::peer)
        .filter(Peer.Meshed.class::isInstance)
        .flatMap(peer -> ((Peer.Meshed) peer).identities().stream())
        .collect(toUnmodifiableSet());
  }
}
