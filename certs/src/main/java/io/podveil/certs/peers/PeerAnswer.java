package io.podveil.certs.peers;

import io.podveil.certs.signer.SpiffeId;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** What lives at an address. */
public sealed interface PeerAnswer {
  /** A meshed peer stays one for longer than an answer does; and being wrong is noticed. */
  Duration MESHED = Duration.ofMinutes(1);

  /** Plaintext on the strength of an old answer is what must not happen. */
  Duration NOT_MESHED = Duration.ofSeconds(5);

  /** A rollout gives a Service other endpoints within seconds, and the old ones go soon after. */
  Duration ENDPOINTS = Duration.ofSeconds(5);

  /** Whether whatever answers there speaks mutual TLS. */
  boolean meshed();

  /** Who may answer there; empty if not meshed. */
  Set<SpiffeId> identities();

  /** For how long this may be believed. */
  default Duration maxAge() {
    return meshed() ? MESHED : NOT_MESHED;
  }

  /** A pod's own address. */
  record OfPod(Optional<SpiffeId> identity) implements PeerAnswer {
    @Override
    public boolean meshed() {
      return identity.isPresent();
    }

    @Override
    public Set<SpiffeId> identities() {
      return identity.map(Set::of).orElse(Set.of());
    }
  }

  /**
   * A Service's address.
   *
   * @param endpoints those that take connections now
   * @param sessionAffinity whether the Service's own address must be dialled
   */
  record OfService(List<Endpoint> endpoints, boolean sessionAffinity) implements PeerAnswer {
    public OfService {
      endpoints = List.copyOf(endpoints);
    }

    @Override
    public boolean meshed() {
      return !endpoints.isEmpty()
          && endpoints.stream().allMatch(endpoint -> endpoint.identity().isPresent());
    }

    @Override
    public Set<SpiffeId> identities() {
      return endpoints.stream()
          .flatMap(endpoint -> endpoint.identity().stream())
          .collect(Collectors.toUnmodifiableSet());
    }

    @Override
    public Duration maxAge() {
      return ENDPOINTS;
    }
  }

  /** Nothing is known: outside of the cluster, a node, or gone. */
  record Unknown() implements PeerAnswer {
    @Override
    public boolean meshed() {
      return false;
    }

    @Override
    public Set<SpiffeId> identities() {
      return Set.of();
    }
  }

  /**
   * One of a Service's endpoints.
   *
   * @param identity who answers there, if it is meshed
   */
  record Endpoint(
      PeerAddress address, Optional<SpiffeId> identity, boolean sameNode, boolean sameZone) {}
}
