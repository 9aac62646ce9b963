package io.podveil.sidecar.admin;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.atomic.LongAdder;

/** Durations in buckets, from half a millisecond to ten seconds. Thread-safe. */
final class Histogram {
  private static final double[] BOUNDS = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10
  };

  private final LongAdder[] buckets = new LongAdder[BOUNDS.length + 1];
  private final LongAdder nanos = new LongAdder();

  Histogram() {
    for (int i = 0; i < buckets.length; i++) {
      buckets[i] = new LongAdder();
    }
  }

  void observe(Duration duration) {
    double seconds = duration.toNanos() / 1e9;
    int bucket = 0;
    while (bucket < BOUNDS.length && seconds > BOUNDS[bucket]) {
      bucket++;
    }
    buckets[bucket].increment();
    nanos.add(duration.toNanos());
  }

  void write(PrometheusText text, String name, String labels) {
    long count = 0;
    for (int i = 0; i < buckets.length; i++) {
      count += buckets[i].sum();
      String bound = i < BOUNDS.length ? inWords(BOUNDS[i]) : "+Inf";
      text.sample(name + "_bucket", labels + ",le=\"" + bound + "\"", count);
    }
    text.sample(name + "_sum", labels, String.format(Locale.ROOT, "%.6f", nanos.sum() / 1e9));
    text.sample(name + "_count", labels, count);
  }

  /**
   * As everybody writes them: queries compare bounds as text, and Java would say 5.0E-4 and 1.0.
   */
  private static String inWords(double bound) {
    return BigDecimal.valueOf(bound).stripTrailingZeros().toPlainString();
  }
}
