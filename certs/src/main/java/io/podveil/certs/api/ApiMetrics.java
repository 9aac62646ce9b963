package io.podveil.certs.api;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.function.Supplier;

/** What the API counts: answers by path and outcome with their duration, and connections. */
public final class ApiMetrics {
  private final MeterRegistry registry;

  public ApiMetrics(MeterRegistry registry) {
    this.registry = registry;
  }

  /** Counts an answer to what began at that time of {@link System#nanoTime()}. */
  void answered(String path, String outcome, long begin) {
    Timer.builder("podveil_certs_requests")
        .description("Answers by path and outcome")
        .tag("path", path)
        .tag("outcome", outcome)
        .serviceLevelObjectives(
            Duration.ofMillis(5),
            Duration.ofMillis(10),
            Duration.ofMillis(30),
            Duration.ofMillis(100),
            Duration.ofSeconds(1),
            Duration.ofSeconds(10))
        .register(registry)
        .record(Duration.ofNanos(System.nanoTime() - begin));
  }

  void connections(Supplier<Number> open) {
    Gauge.builder("podveil_certs_connections", open)
        .description("Open connections")
        .register(registry);
  }

  void shed() {
    registry.counter("podveil_certs_connections_shed").increment();
  }
}
