package io.podveil.sidecar.peers;

import io.podveil.sidecar.peers.PeerAnswers.Known;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What lives at the addresses that the app dials. The first connection to an address waits for the
 * answer, and so do those that come meanwhile: it is asked once. What is in use is asked again, all
 * of it in one batch, before it is too old; while nobody answers, the last answer stays in force.
 * Thread-safe, and blocks nobody but its askers.
 */
public final class PeerDirectory {
  /** How long a connection waits for an answer before it does without. */
  public static final Duration DEADLINE = Duration.ofSeconds(2);

  /** As many as podveil-certs takes in one call. */
  private static final int BATCH = 500;

  /** Beyond it the address unused for longest is forgotten. */
  private static final int CAPACITY = 5_000;

  /** Not dialled for so long, an address is no longer asked about. */
  private static final Duration IN_USE = Duration.ofMinutes(2);

  /** Asked again so long before it is too old. */
  private static final Duration AHEAD = Duration.ofSeconds(2);

  /** After a question that nobody answered. */
  private static final Duration PAUSE = Duration.ofSeconds(5);

  private static final Peer UNASKED = new Peer.Unasked();

  private static final class Slot {
    Peer last = UNASKED;
    Instant freshUntil = Instant.MIN;
    Instant used = Instant.MIN;
    @Nullable CompletableFuture<Peer> pending;
  }

  private final Function<String, Optional<String>> source;
  private final Executor askers;
  private final InstantSource clock;
  // Guarded by this, as is every entry.
  private final Map<InetSocketAddress, Slot> entries =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<InetSocketAddress, Slot> eldest) {
          return size() > CAPACITY && eldest.getValue().pending == null;
        }
      };

  /**
   * Asks nothing yet.
   *
   * @param source asks podveil-certs, JSON to JSON; may block for {@link #DEADLINE}; empty when
   *     there was no answer
   * @param askers where it may block
   */
  public PeerDirectory(
      Function<String, Optional<String>> source, Executor askers, InstantSource clock) {
    this.source = source;
    this.askers = askers;
    this.clock = clock;
  }

  /** What lives there; {@link Peer.Unasked} when nobody ever said. Completes on any thread. */
  public synchronized CompletableFuture<Peer> at(InetSocketAddress address) {
    Instant now = clock.instant();
    Slot entry = entries.computeIfAbsent(address, unknown -> new Slot());
    entry.used = now;
    return now.isBefore(entry.freshUntil)
        ? CompletableFuture.completedFuture(entry.last)
        : asked(address, entry);
  }

  /** What lives there, asked this moment: what was known has proved wrong. */
  public synchronized CompletableFuture<Peer> again(InetSocketAddress address) {
    Slot entry = entries.computeIfAbsent(address, unknown -> new Slot());
    // Whoever comes now waits for the answer too, and does not go by what has proved wrong.
    entry.freshUntil = Instant.MIN;
    return asked(address, entry);
  }

  /** To be called every second: asks again for what is in use and about to be too old. */
  public synchronized void refresh() {
    Instant now = clock.instant();
    List<InetSocketAddress> due = new ArrayList<>();
    entries.forEach((address, entry) -> {
      boolean inUse = entry.used.plus(IN_USE).isAfter(now);
      if (entry.pending == null && inUse && !now.isBefore(entry.freshUntil.minus(AHEAD))) {
        begin(entry);
        due.add(address);
      }
    });
    for (int i = 0; i < due.size(); i += BATCH) {
      List<InetSocketAddress> batch = due.subList(i, Math.min(due.size(), i + BATCH));
      askers.execute(() -> ask(batch));
    }
  }

  private CompletableFuture<Peer> asked(InetSocketAddress address, Slot entry) {
    CompletableFuture<Peer> pending = entry.pending;
    if (pending == null) {
      pending = begin(entry);
      askers.execute(() -> ask(List.of(address)));
    }
    return pending.copy();
  }

  private static CompletableFuture<Peer> begin(Slot entry) {
    CompletableFuture<Peer> pending = new CompletableFuture<>();
    // Name lookup knows no deadline, and a connection must not wait for it.
    pending.completeOnTimeout(entry.last, DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
    entry.pending = pending;
    return pending;
  }

  /** On an asker's thread. */
  private void ask(List<InetSocketAddress> addresses) {
    Map<InetSocketAddress, Known> answers = Map.of();
    try {
      answers =
          source
              .apply(PeerAnswers.question(addresses))
              .flatMap(json -> PeerAnswers.read(json, addresses))
              .orElse(Map.of());
    } finally {
      for (InetSocketAddress address : addresses) {
        learn(address, answers.get(address));
      }
    }
  }

  private void learn(InetSocketAddress address, @Nullable Known answer) {
    CompletableFuture<Peer> pending;
    Peer last;
    synchronized (this) {
      Slot entry = entries.computeIfAbsent(address, forgotten -> new Slot());
      Instant now = clock.instant();
      if (answer == null) {
        entry.freshUntil = now.plus(PAUSE);
      } else {
        entry.last = answer.peer();
        entry.freshUntil = now.plus(answer.maxAge());
      }
      pending = entry.pending;
      entry.pending = null;
      last = entry.last;
    }
    if (pending != null) {
      pending.complete(last);
    }
  }
}
