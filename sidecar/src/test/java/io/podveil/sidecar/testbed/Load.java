package io.podveil.sidecar.testbed;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** New connections to an {@link Echo}, at a steady rate, each of them a whole conversation. */
public final class Load implements AutoCloseable {
  /** A machine that can't keep up gets fewer connections, not more threads. */
  private static final int AT_A_TIME = 100;

  private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
  private final Semaphore places = new Semaphore(AT_A_TIME);
  private final AtomicInteger succeeded = new AtomicInteger();
  private final List<String> failures = new CopyOnWriteArrayList<>();

  private Load() {}

  /** Starts. */
  @SuppressWarnings("FutureReturnValueIgnored") // close() ends it
  public static Load on(Namespace from, InetAddress to, String text, int connectionsPerSecond) {
    Load load = new Load();
    long period = Duration.ofSeconds(1).toNanos() / connectionsPerSecond;
    load.clock.scheduleAtFixedRate(
        () -> load.connect(from, to, text), 0, period, TimeUnit.NANOSECONDS);
    return load;
  }

  /** How many conversations went well so far. */
  public int succeeded() {
    return succeeded.get();
  }

  /** What went wrong so far. */
  public List<String> failures() {
    return List.copyOf(failures);
  }

  /** Ends, and waits for the conversations under way. */
  @Override
  public void close() {
    clock.shutdownNow();
    try {
      if (!places.tryAcquire(AT_A_TIME, 30, TimeUnit.SECONDS)) {
        throw new AssertionError("conversations that do not end");
      }
    } catch (InterruptedException e) {
      throw Program.interrupted(e);
    }
    places.release(AT_A_TIME);
  }

  private void connect(Namespace from, InetAddress to, String text) {
    if (places.tryAcquire()) {
      Thread.ofVirtual().start(() -> converse(from, to, text));
    }
  }

  private void converse(Namespace from, InetAddress to, String text) {
    try {
      Echo.ask(from, to, text);
      succeeded.incrementAndGet();
    } catch (Exception e) {
      failures.add(e.toString());
    } finally {
      places.release();
    }
  }
}
