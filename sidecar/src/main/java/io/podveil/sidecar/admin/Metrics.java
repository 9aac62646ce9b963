package io.podveil.sidecar.admin;

import io.podveil.sidecar.relay.Connection;
import io.podveil.sidecar.relay.Connection.Direction;
import io.podveil.sidecar.relay.Connections;
import java.time.Instant;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;

/**
 * Counts what happens, as Prometheus text (exposition format 0.0.4). Every label has a bounded set
 * of values. Thread-safe.
 */
public final class Metrics {
  private record Ended(Direction direction, String outcome) implements Comparable<Ended> {
    @Override
    public int compareTo(Ended other) {
      int byDirection = direction.compareTo(other.direction);
      return byDirection != 0 ? byDirection : outcome.compareTo(other.outcome);
    }
  }

  /** What one direction has carried; connections that live are added at the time of asking. */
  private record Totals(
      LongAdder up, LongAdder down, Histogram connect, Histogram handshake, LongAdder onUsedLinks) {
    Totals() {
      this(new LongAdder(), new LongAdder(), new Histogram(), new Histogram(), new LongAdder());
    }
  }

  private final Map<Ended, LongAdder> ended = new ConcurrentSkipListMap<>();
  private final Map<Direction, Totals> totals = new EnumMap<>(Direction.class);
  private final LongAdder portFallbacks = new LongAdder();
  private final LongAdder acceptPauses = new LongAdder();
  private final LongAdder refusedReloads = new LongAdder();
  private final String version;

  /**
   * @param version of the build, for podveil_build_info
   */
  public Metrics(String version) {
    this.version = version;
    for (Direction direction : Direction.values()) {
      totals.put(direction, new Totals());
    }
  }

  /** A connection that has ended. */
  public void ended(Connection connection) {
    String outcome = connection.outcome().orElseThrow().label();
    ended
        .computeIfAbsent(new Ended(connection.direction(), outcome), key -> new LongAdder())
        .increment();
    Totals of = totals(connection.direction());
    of.up().add(connection.up());
    of.down().add(connection.down());
    connection.connect().ifPresent(of.connect()::observe);
    connection.handshake().ifPresent(of.handshake()::observe);
    if (connection.isOnUsedLink()) {
      of.onUsedLinks().increment();
    }
  }

  /** An app saw the client's address with another port. */
  public void portFallback() {
    portFallbacks.increment();
  }

  /** Accepting stopped for a moment: out of file descriptors. */
  public void acceptPaused() {
    acceptPauses.increment();
  }

  /** New certificate files that could not be used. */
  public void reloadRefused() {
    refusedReloads.increment();
  }

  /** Everything, as text. */
  String text(Connections connections, Supplier<Optional<Instant>> certificateExpiry) {
    PrometheusText text = new PrometheusText();
    text.family("podveil_connections_total", "counter", "Connections that ended, by outcome.");
    ended.forEach((key, count) ->
        text.sample(
            "podveil_connections_total",
            "direction=\"" + label(key.direction()) + "\",outcome=\"" + key.outcome() + "\"",
            count.sum()));
    live(text, connections);
    text.family("podveil_connect_seconds", "histogram", "TCP connects towards the other side.");
    totals.forEach((d, of) -> of.connect().write(text, "podveil_connect_seconds", direction(d)));
    text.family("podveil_handshake_seconds", "histogram", "TLS handshakes.");
    totals.forEach(
        (d, of) -> of.handshake().write(text, "podveil_handshake_seconds", direction(d)));
    text.family(
        "podveil_reused_total",
        "counter",
        "Connections that needed no TLS handshake of their own.");
    totals.forEach(
        (d, of) -> text.sample("podveil_reused_total", direction(d), of.onUsedLinks().sum()));
    text.single(
        "podveil_source_port_fallbacks_total",
        "counter",
        "Connections whose app saw the client's address with another port.",
        portFallbacks.sum());
    text.single(
        "podveil_accept_pauses_total",
        "counter",
        "Pauses in accepting, for want of file descriptors.",
        acceptPauses.sum());
    text.single(
        "podveil_certificate_reloads_refused_total",
        "counter",
        "New certificates that could not be had or used; the old ones stayed in force.",
        refusedReloads.sum());
    certificateExpiry
        .get()
        .ifPresent(expiry ->
            text.single(
                "podveil_certificate_expiry_timestamp_seconds",
                "gauge",
                "When the certificate in force ends.",
                expiry.getEpochSecond()));
    text.family("podveil_build_info", "gauge", "Always 1; the version is in the label.");
    text.sample("podveil_build_info", "version=\"" + version + "\"", 1);
    return text.toString();
  }

  private void live(PrometheusText text, Connections connections) {
    Map<Direction, Long> open = new EnumMap<>(Direction.class);
    Map<Direction, Long> up = new EnumMap<>(Direction.class);
    Map<Direction, Long> down = new EnumMap<>(Direction.class);
    for (Connection connection : connections.live()) {
      open.merge(connection.direction(), 1L, Long::sum);
      up.merge(connection.direction(), connection.up(), Long::sum);
      down.merge(connection.direction(), connection.down(), Long::sum);
    }
    text.family("podveil_connections_open", "gauge", "Connections that live.");
    totals.forEach(
        (d, of) -> text.sample("podveil_connections_open", direction(d), open.getOrDefault(d, 0L)));
    text.family("podveil_bytes_total", "counter", "Bytes of the apps; up is from the client.");
    totals.forEach((d, of) -> {
      text.sample(
          "podveil_bytes_total",
          direction(d) + ",flow=\"up\"",
          of.up().sum() + up.getOrDefault(d, 0L));
      text.sample(
          "podveil_bytes_total",
          direction(d) + ",flow=\"down\"",
          of.down().sum() + down.getOrDefault(d, 0L));
    });
    text.single(
        "podveil_handshakes_in_progress",
        "gauge",
        "TLS handshakes that have begun and not ended.",
        connections.handshakesInProgress());
  }

  private Totals totals(Direction direction) {
    return Objects.requireNonNull(totals.get(direction));
  }

  private static String direction(Direction direction) {
    return "direction=\"" + label(direction) + "\"";
  }

  private static String label(Direction direction) {
    return direction.name().toLowerCase(Locale.ROOT);
  }
}
