package io.podveil.sidecar.egress;

import static java.util.stream.Collectors.joining;

import io.podveil.sidecar.identity.SpiffeId;
import io.podveil.sidecar.relay.Outcome.Refused;
import io.podveil.sidecar.tls.PeerIdentity;
import java.net.InetAddress;
import java.util.Optional;
import java.util.Set;

/** Who may answer where we dial. */
sealed interface Expected {
  /** Whoever's certificate names the address. */
  record Resident() implements Expected {}

  /** One of these, and its certificate names the address. */
  record OneOf(Set<SpiffeId> identities) implements Expected {}

  /** One of these, behind an address that is nobody's own: a Service's. */
  record BehindService(Set<SpiffeId> identities) implements Expected {}

  /** What speaks against whoever answered; nothing, if it is who was expected. */
  default Optional<Refused> objection(PeerIdentity peer, InetAddress dialled) {
    return switch (this) {
      case Resident resident -> wrongAddress(peer, dialled);
      case OneOf(Set<SpiffeId> identities) ->
          wrongIdentity(peer, identities).or(() -> wrongAddress(peer, dialled));
      case BehindService(Set<SpiffeId> identities) -> wrongIdentity(peer, identities);
    };
  }

  /**
   * Whether the address leads to the same pod each time, so that a connection to it may serve the
   * next app connection too. A Service's picks one anew.
   */
  default boolean isOfOnePod() {
    return switch (this) {
      case Resident resident -> true;
      case OneOf oneOf -> true;
      case BehindService behind -> false;
    };
  }

  private static Optional<Refused> wrongIdentity(PeerIdentity peer, Set<SpiffeId> identities) {
    return identities.contains(peer.id())
        ? Optional.empty()
        : Optional.of(
            new Refused(
                "wrong_identity",
                "answered as "
                    + peer.id().shortForm()
                    + ", expected "
                    + identities.stream().map(SpiffeId::shortForm).sorted().collect(joining(" or "))
                    + "; is another pod using this address?"));
  }

  private static Optional<Refused> wrongAddress(PeerIdentity peer, InetAddress dialled) {
    return peer.holds(dialled)
        ? Optional.empty()
        : Optional.of(
            new Refused(
                "wrong_address",
                "answered as "
                    + peer.id().shortForm()
                    + ", whose certificate does not name "
                    + dialled.getHostAddress()
                    + "; is another pod using this address?"));
  }
}
