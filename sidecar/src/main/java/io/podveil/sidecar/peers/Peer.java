package io.podveil.sidecar.peers;

import io.podveil.sidecar.identity.SpiffeId;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Set;

/** What lives at an address, as far as it is known. */
public sealed interface Peer {
  /** Nobody could be asked. */
  record Unasked() implements Peer {}

  /** Somebody who answers with mutual TLS, as one of these. */
  record Meshed(Set<SpiffeId> identities) implements Peer {
    /** Takes a copy of the set. */
    public Meshed {
      identities = Set.copyOf(identities);
      if (identities.isEmpty()) {
        throw new IllegalArgumentException("whoever is meshed has an identity");
      }
    }
  }

  /** Somebody without a sidecar, or nobody that the cluster knows of. */
  record NotMeshed() implements Peer {}

  /**
   * A Service, some of whose endpoints are meshed.
   *
   * @param endpoints those that take connections, each {@link Meshed} or {@link NotMeshed}
   * @param affinity which of the two ways to pick an endpoint
   */
  record Service(List<Endpoint> endpoints, Affinity affinity) implements Peer {
    /** Takes a copy of the list. */
    public Service {
      endpoints = List.copyOf(endpoints);
    }
  }

  /** One of a Service's endpoints. */
  record Endpoint(InetSocketAddress address, Peer peer) {}

  /** Whether one client's connections all go to the same endpoint. */
  enum Affinity {
    NONE,
    CLIENT
  }
}
