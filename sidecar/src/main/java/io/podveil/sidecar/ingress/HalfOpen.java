package io.podveil.sidecar.ingress;

import java.net.InetAddress;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;

/**
 * Clients' handshakes that have begun and not ended: so many at most, for each holds memory for as
 * long as its client pleases. Who begins thousands and ends none must not keep the others out: when
 * all places are taken, whoever has the most loses the oldest to a newcomer, and a newcomer that
 * itself has the most is refused. Thread-safe.
 */
public final class HalfOpen {
  private final int places;
  // Guarded by this. The oldest of each client comes first.
  private final Map<InetAddress, LinkedHashSet<Place>> taken = new HashMap<>();
  private int count;

  /** One handshake's place. */
  static final class Place {
    private final InetAddress client;
    private final Runnable evict;

    private Place(InetAddress client, Runnable evict) {
      this.client = client;
      this.evict = evict;
    }
  }

  /**
   * All places are free.
   *
   * @param places how many there are
   */
  public HalfOpen(int places) {
    this.places = places;
  }

  /**
   * Takes a place, perhaps somebody else's.
   *
   * @param evict called if the place goes to somebody else, on any thread; it is given back then
   * @return empty when all are taken and nobody has at least two more of them than this client
   */
  Optional<Place> take(InetAddress client, Runnable evict) {
    Place place = new Place(client, evict);
    Optional<Place> evicted = Optional.empty();
    synchronized (this) {
      if (count >= places) {
        evicted = oldestOfMost(client);
        if (evicted.isEmpty()) {
          return Optional.empty();
        }
        evicted.ifPresent(this::giveBack);
      }
      taken.computeIfAbsent(client, unknown -> new LinkedHashSet<>(2)).add(place);
      count++;
    }
    evicted.ifPresent(victim -> victim.evict.run());
    return Optional.of(place);
  }

  /** The handshake has ended; nothing happens if the place went to somebody else before. */
  synchronized void giveBack(Place place) {
    LinkedHashSet<Place> ofClient = taken.get(place.client);
    if (ofClient != null && ofClient.remove(place)) {
      count--;
      if (ofClient.isEmpty()) {
        taken.remove(place.client);
      }
    }
  }

  private Optional<Place> oldestOfMost(InetAddress newcomer) {
    LinkedHashSet<Place> own = taken.get(newcomer);
    int ofNewcomer = own == null ? 0 : own.size();
    return taken.values().stream()
        .max(Comparator.comparingInt(LinkedHashSet::size))
        .filter(most -> most.size() > ofNewcomer + 1 || ofNewcomer == 0)
        .map(LinkedHashSet::iterator)
        .map(Iterator::next);
  }
}
