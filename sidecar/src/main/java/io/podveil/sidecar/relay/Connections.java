package io.podveil.sidecar.relay;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Collection;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** All connections that live: counted, bounded, and drained at the end. Thread-safe. */
public final class Connections {
  private final int limit;
  private final String advice;
  private final Consumer<Connection> started;
  private final Consumer<Connection> ended;
  private final Set<Connection> live = ConcurrentHashMap.newKeySet();
  private final AtomicInteger count = new AtomicInteger();
  private final AtomicInteger handshakes = new AtomicInteger();
  private final CompletableFuture<Void> drained = new CompletableFuture<>();
  private volatile boolean draining;

  /**
   * @param limit how many may live at a time
   * @param advice what to do where these are too few; said of those that are shed
   * @param started told of each that is taken on, on its event loop
   * @param ended told of each that ended, with its outcome; also of those that were shed
   */
  public Connections(
      int limit, String advice, Consumer<Connection> started, Consumer<Connection> ended) {
    this.limit = limit;
    this.advice = advice;
    this.started = started;
    this.ended = ended;
  }

  /** Takes a connection on; empty when there are too many already, which is counted as shed. */
  public Optional<Connection> open(
      Connection.Direction direction, InetSocketAddress client, InetSocketAddress destination) {
    Connection connection = new Connection(direction, client, destination);
    if (count.incrementAndGet() > limit) {
      count.decrementAndGet();
      connection.end(
          new Outcome.Refused("shed", limit + " connections are open already; " + advice));
      ended.accept(connection);
      return Optional.empty();
    }
    live.add(connection);
    started.accept(connection);
    return Optional.of(connection);
  }

  /** The one place where a connection ends; only the first outcome counts. */
  public void end(Connection connection, Outcome outcome) {
    if (connection.end(outcome)) {
      live.remove(connection);
      ended.accept(connection);
      if (count.decrementAndGet() == 0 && draining) {
        drained.complete(null);
      }
    }
  }

  /** One more in its TLS handshake. */
  public void handshakeBegan() {
    handshakes.incrementAndGet();
  }

  /** However it ended. */
  public void handshakeEnded() {
    handshakes.decrementAndGet();
  }

  public int handshakesInProgress() {
    return handshakes.get();
  }

  /** How many live. */
  public int count() {
    return count.get();
  }

  public Collection<Connection> live() {
    return Set.copyOf(live);
  }

  /**
   * Waits until every live connection has ended, or the grace period is over. Call it once nothing
   * new is accepted.
   *
   * @return completes normally in both cases
   */
  public CompletableFuture<Void> drain(Duration grace) {
    draining = true;
    if (count.get() == 0) {
      drained.complete(null);
    }
    return drained
        .copy()
        .orTimeout(grace.toMillis(), TimeUnit.MILLISECONDS)
        .exceptionally(late -> null);
  }

  /** Cuts off what is left, each on its own event loop. */
  public void closeAll() {
    live().forEach(Connection::closeNow);
  }
}
