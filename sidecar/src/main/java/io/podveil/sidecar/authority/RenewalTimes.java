package io.podveil.sidecar.authority;

import io.podveil.sidecar.identity.Credential;
import java.time.Duration;
import java.time.Instant;

/** When to come back for a certificate. Pure: the randomness, from 0 to 1, is handed in. */
final class RenewalTimes {
  private static final Duration FIRST_PAUSE = Duration.ofMillis(500);
  private static final int DOUBLINGS = 9;

  /** While the old certificate still serves nobody notices, and the authority needs its rest. */
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(150);

  /** With none, or with one about to end, somebody is waiting. */
  private static final Duration LONGEST_PAUSE_IN_NEED = Duration.ofSeconds(10);

  private static final Duration NEED = Duration.ofMinutes(10);

  private RenewalTimes() {}

  /**
   * When a certificate should be renewed: at the authority's wish, where that lies within its life,
   * else after two thirds of that; in both cases earlier by up to a tenth of it, so that pods which
   * started together don't come back together.
   */
  static Instant renewAt(Credential credential, Instant wish, double random) {
    Instant begin = credential.notBefore();
    Duration life = Duration.between(begin, credential.notAfter());
    boolean sensible = wish.isAfter(begin) && wish.isBefore(credential.notAfter());
    Instant base = sensible ? wish : begin.plus(life.multipliedBy(2).dividedBy(3));
    return base.minusMillis((long) (life.toMillis() / 10.0 * random));
  }

  /**
   * How long to wait after attempts that failed.
   *
   * @param failures in a row, this one included
   * @param left of the certificate in force; zero with none
   * @param asked what the authority asked for; zero if nothing
   */
  static Duration pause(int failures, Duration left, Duration asked, double random) {
    Duration longest = left.compareTo(NEED) > 0 ? LONGEST_PAUSE : LONGEST_PAUSE_IN_NEED;
    Duration backoff =
        shorter(FIRST_PAUSE.multipliedBy(1L << Math.min(failures - 1, DOUBLINGS)), longest);
    Duration jittered = scaled(backoff, 0.5 + random / 2);
    Duration told = scaled(shorter(asked, LONGEST_PAUSE), 1 + random / 4);
    return jittered.compareTo(told) > 0 ? jittered : told;
  }

  private static Duration shorter(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? one : other;
  }

  private static Duration scaled(Duration duration, double by) {
    return Duration.ofMillis((long) (duration.toMillis() * by));
  }
}
