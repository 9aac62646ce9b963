package io.podveil.certs.api;

import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/**
 * So many at once, and then one per interval, for each key on its own (the generic cell rate
 * algorithm: of each key only the time is kept at which it will have paid for all that it took).
 */
final class RateLimit {
  private static final int SWEEP_AT = 20_000;

  private final long interval;
  private final long credit;
  private final InstantSource clock;
  private final ConcurrentMap<String, Long> paidAt = new ConcurrentHashMap<>();

  RateLimit(int burst, Duration interval, InstantSource clock) {
    this.interval = interval.toMillis();
    this.credit = this.interval * (burst - 1);
    this.clock = clock;
  }

  /** Zero if it may, and otherwise for how long it must wait. */
  Duration take(String key) {
    long now = clock.millis();
    if (paidAt.size() > SWEEP_AT) {
      paidAt.values().removeIf(paid -> paid <= now);
    }
    var wait = new long[1];
    paidAt.compute(
        key,
        (_, paid) -> {
          long base = paid == null ? now : Math.max(now, paid);
          wait[0] = Math.max(0, base - now - credit);
          return wait[0] > 0 ? base : base + interval;
        });
    return Duration.ofMillis(wait[0]);
  }
}
