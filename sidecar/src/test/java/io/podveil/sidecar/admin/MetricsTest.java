package io.podveil.sidecar.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.podveil.sidecar.relay.Connection;
import io.podveil.sidecar.relay.Connection.Direction;
import io.podveil.sidecar.relay.Connections;
import io.podveil.sidecar.relay.Outcome;
import io.podveil.sidecar.testbed.MetricsText;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class MetricsTest {
  private final Metrics metrics = new Metrics("0.1.0");
  private final Connections connections = new Connections(3, "", started -> {}, metrics::ended);

  @Test
  void countsConnectionsByDirectionAndOutcome() {
    connections.end(open(Direction.EGRESS), new Outcome.Completed());
    connections.end(open(Direction.EGRESS), new Outcome.Completed());
    connections.end(open(Direction.INGRESS), new Outcome.Refused("expired", "because"));
    connections.end(open(Direction.INGRESS), new Outcome.Aborted(Outcome.Party.PEER, "reset"));
    assertThat(lines())
        .contains(
            "podveil_connections_total{direction=\"egress\",outcome=\"completed\"} 2",
            "podveil_connections_total{direction=\"ingress\",outcome=\"refused_expired\"} 1",
            "podveil_connections_total{direction=\"ingress\",outcome=\"aborted_by_peer\"} 1");
  }

  @Test
  void onlyTheFirstEndOfAConnectionCounts() {
    Connection connection = open(Direction.EGRESS);
    connections.end(connection, new Outcome.Completed());
    connections.end(connection, new Outcome.Aborted(Outcome.Party.PEER, "late"));
    assertThat(lines())
        .contains("podveil_connections_total{direction=\"egress\",outcome=\"completed\"} 1")
        .noneMatch(line -> line.contains("aborted_by_peer"));
  }

  @Test
  void countsWhatIsOpenAndWhatIsShed() {
    for (int i = 0; i < 3; i++) {
      open(Direction.INGRESS);
    }
    assertThat(connections.open(Direction.INGRESS, address(), address())).isEmpty();
    connections.handshakeBegan();
    assertThat(lines())
        .contains(
            "podveil_connections_open{direction=\"egress\"} 0",
            "podveil_connections_open{direction=\"ingress\"} 3",
            "podveil_handshakes_in_progress 1",
            "podveil_connections_total{direction=\"ingress\",outcome=\"refused_shed\"} 1");
  }

  @Test
  void sortsDurationsIntoBuckets() {
    Connection connection = open(Direction.EGRESS);
    connection.connected(Duration.ofMillis(1));
    connection.handshaken(Duration.ofSeconds(11));
    connections.end(connection, new Outcome.Completed());
    assertThat(lines())
        .contains(
            "podveil_connect_seconds_bucket{direction=\"egress\",le=\"0.0005\"} 0",
            "podveil_connect_seconds_bucket{direction=\"egress\",le=\"0.001\"} 1",
            "podveil_connect_seconds_bucket{direction=\"egress\",le=\"10\"} 1",
            "podveil_connect_seconds_sum{direction=\"egress\"} 0.001000",
            "podveil_connect_seconds_count{direction=\"egress\"} 1",
            "podveil_handshake_seconds_bucket{direction=\"egress\",le=\"10\"} 0",
            "podveil_handshake_seconds_bucket{direction=\"egress\",le=\"+Inf\"} 1",
            "podveil_handshake_seconds_sum{direction=\"egress\"} 11.000000");
  }

  @Test
  void countsWhatHappensBesides() {
    metrics.portFallback();
    metrics.acceptPaused();
    metrics.reloadRefused();
    assertThat(lines())
        .contains(
            "podveil_source_port_fallbacks_total 1",
            "podveil_accept_pauses_total 1",
            "podveil_certificate_reloads_refused_total 1",
            "podveil_certificate_expiry_timestamp_seconds 1767225600",
            "podveil_build_info{version=\"0.1.0\"} 1");
  }

  @Test
  void isWellFormedFromTheStart() {
    assertThat(MetricsText.parse(text()).families()).hasSize(12);
  }

  private String[] lines() {
    return text().lines().toArray(String[]::new);
  }

  private String text() {
    return metrics.text(connections, () -> Optional.of(Instant.parse("2026-01-01T00:00:00Z")));
  }

  private Connection open(Direction direction) {
    return connections.open(direction, address(), address()).orElseThrow();
  }

  private static InetSocketAddress address() {
    return new InetSocketAddress(InetAddress.ofLiteral("10.0.0.1"), 80);
  }
}
