package io.podveil.sidecar.egress;

import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Lets so many connections at once dial and shake hands with the same destination; the others wait,
 * in the order in which they came. Thousands at a time would each take as long as all together,
 * longer than the other side waits, and most would find an idle link a moment later. Thread-safe.
 */
public final class Turns {
  /** More than one core can keep busy, and less than the other side takes from one client. */
  static final int AT_ONCE = 32;

  /** Who takes longer waits for the other side, and is no reason to let others wait. */
  private static final Duration LONGEST = Duration.ofSeconds(1);

  private static final Duration TICK = Duration.ofMillis(250);

  private record Waiting(EventLoop loop, Consumer<Turn> go) {}

  // Guarded by this, as is all that is in them.
  private final Map<InetSocketAddress, Destination> destinations = new HashMap<>();

  private static final class Destination {
    private final Set<Turn> running = new LinkedHashSet<>(4);
    private final Deque<Waiting> waiting = new ArrayDeque<>(0);
    private boolean ticking;
  }

  /** One connection's turn; lasts until it is ended, or has taken too long. */
  final class Turn {
    private final InetSocketAddress to;
    private final long since = System.nanoTime();

    private Turn(InetSocketAddress to) {
      this.to = to;
    }

    /** The next one may go; called again it does nothing. */
    void end() {
      ended(this);
    }
  }

  /** Calls back when it is this one's turn, on the event loop: at once, or later. */
  void await(EventLoop loop, InetSocketAddress to, Consumer<Turn> go) {
    Turn turn;
    synchronized (this) {
      Destination there = destinations.computeIfAbsent(to, unknown -> new Destination());
      if (there.running.size() >= AT_ONCE || !there.waiting.isEmpty()) {
        there.waiting.add(new Waiting(loop, go));
        tick(loop, to, there);
        return;
      }
      turn = new Turn(to);
      there.running.add(turn);
    }
    go.accept(turn);
  }

  /** A link there has become idle: whoever waits longest may go on with it, out of turn. */
  synchronized void linkIsIdle(InetSocketAddress to) {
    Destination there = destinations.get(to);
    if (there != null) {
      admit(there, to);
    }
  }

  private synchronized void ended(Turn turn) {
    Destination there = destinations.get(turn.to);
    if (there != null && there.running.remove(turn)) {
      next(there, turn.to);
    }
  }

  private void next(Destination there, InetSocketAddress to) {
    while (there.running.size() < AT_ONCE && !there.waiting.isEmpty()) {
      admit(there, to);
    }
    if (there.running.isEmpty()) {
      // Not another's that has come since: this one may be seen once more, by its tick.
      destinations.remove(to, there);
    }
  }

  private void admit(Destination there, InetSocketAddress to) {
    Waiting first = there.waiting.poll();
    if (first != null) {
      Turn turn = new Turn(to);
      there.running.add(turn);
      first.loop.execute(() -> first.go.accept(turn));
    }
  }

  private void tick(EventLoop loop, InetSocketAddress to, Destination there) {
    if (!there.ticking) {
      there.ticking = true;
      loop.schedule(() -> lapse(loop, to, there), TICK.toMillis(), TimeUnit.MILLISECONDS);
    }
  }

  private synchronized void lapse(EventLoop loop, InetSocketAddress to, Destination there) {
    there.ticking = false;
    long eldest = System.nanoTime() - LONGEST.toNanos();
    there.running.removeIf(turn -> turn.since - eldest < 0);
    next(there, to);
    if (!there.waiting.isEmpty()) {
      tick(loop, to, there);
    }
  }
}
