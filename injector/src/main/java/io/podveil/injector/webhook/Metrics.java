package io.podveil.injector.webhook;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;

/**
 * What is counted, as Prometheus reads it. Labels take words from our own enums only, so there are
 * few.
 */
public final class Metrics {
  private static final double[] BOUNDS = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5};

  private final String version;
  private final Supplier<Instant> certificateExpiry;
  private final Map<String, LongAdder> reviews = new ConcurrentSkipListMap<>();
  private final LongAdder[] buckets = new LongAdder[BOUNDS.length + 1];
  private final LongAdder nanoseconds = new LongAdder();
  private final Map<String, LongAdder> refusedRequests = new ConcurrentSkipListMap<>();

  public Metrics(String version, Supplier<Instant> certificateExpiry) {
    this.version = version;
    this.certificateExpiry = certificateExpiry;
    for (int i = 0; i < buckets.length; i++) {
      buckets[i] = new LongAdder();
    }
  }

  void reviewed(String outcome, String reason, Duration took) {
    reviews
        .computeIfAbsent(
            "outcome=\"%s\",reason=\"%s\"".formatted(outcome, reason), _ -> new LongAdder())
        .increment();
    int bucket = 0;
    while (bucket < BOUNDS.length && took.toNanos() > BOUNDS[bucket] * 1e9) {
      bucket++;
    }
    buckets[bucket].increment();
    nanoseconds.add(took.toNanos());
  }

  void refusedRequest(int status) {
    refusedRequests
        .computeIfAbsent("status=\"%d\"".formatted(status), _ -> new LongAdder())
        .increment();
  }

  String text() {
    StringBuilder text = new StringBuilder();
    head(text, "podveil_injector_build_info", "gauge", "What was built.");
    line(text, "podveil_injector_build_info", "version=\"" + version + "\"", "1");
    head(
        text,
        "podveil_injector_reviews_total",
        "counter",
        "Pods reviewed, by what was decided and why.");
    reviews.forEach(
        (labels, count) -> line(text, "podveil_injector_reviews_total", labels, count.toString()));
    head(
        text,
        "podveil_injector_refused_requests_total",
        "counter",
        "Requests that were no review of a pod.");
    refusedRequests.forEach((labels, count) ->
        line(text, "podveil_injector_refused_requests_total", labels, count.toString()));
    durations(text);
    String expiry = "podveil_injector_certificate_expiry_timestamp_seconds";
    head(text, expiry, "gauge", "When the serving certificate expires.");
    line(text, expiry, "", Long.toString(certificateExpiry.get().getEpochSecond()));
    return text.toString();
  }

  private void durations(StringBuilder text) {
    String name = "podveil_injector_review_duration_seconds";
    head(text, name, "histogram", "From the last byte of a review to its answer.");
    long count = 0;
    for (int i = 0; i < buckets.length; i++) {
      count += buckets[i].sum();
      String bound = i < BOUNDS.length ? Double.toString(BOUNDS[i]) : "+Inf";
      line(text, name + "_bucket", "le=\"" + bound + "\"", Long.toString(count));
    }
    line(text, name + "_sum", "", Double.toString(nanoseconds.sum() / 1e9));
    line(text, name + "_count", "", Long.toString(count));
  }

  private static void head(StringBuilder text, String name, String type, String help) {
    text.append("# HELP %s %s\n# TYPE %s %s\n".formatted(name, help, name, type));
  }

  private static void line(StringBuilder text, String name, String labels, String value) {
    text.append(name)
        .append(labels.isEmpty() ? "" : "{" + labels + "}")
        .append(' ')
        .append(value)
        .append('\n');
  }
}
