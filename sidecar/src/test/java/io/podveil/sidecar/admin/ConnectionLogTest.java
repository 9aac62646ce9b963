package io.podveil.sidecar.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.podveil.sidecar.relay.Connection;
import io.podveil.sidecar.relay.Connection.Direction;
import io.podveil.sidecar.relay.Connections;
import io.podveil.sidecar.relay.Outcome;
import io.vertx.core.json.JsonObject;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ConnectionLogTest {
  private static final InstantSource CLOCK =
      InstantSource.fixed(Instant.parse("2026-01-02T03:04:05Z"));

  private final Connections connections = new Connections(10, "", started -> {}, ended -> {});

  @Test
  void tellsOfACarriedConnection() {
    Connection connection = open(Direction.EGRESS, "10.244.1.24", "10.244.2.26");
    connection.secured("ns/shop/sa/cart", "ns/shop/sa/web", "mtls TLSv1.3");
    connection.id("0123456789abcdef0123456789abcdef");
    assertThat(ConnectionLog.started(connection))
        .isEqualTo("egress  10.244.1.24:42018 -> 10.244.2.26:80 started");
    connections.end(connection, new Outcome.Completed());
    assertThat(ConnectionLog.TEXT.line(connection, CLOCK))
        .matches(
            "egress  10\\.244\\.1\\.24:42018 -> 10\\.244\\.2\\.26:80 as ns/shop/sa/cart to"
                + " ns/shop/sa/web mtls TLSv1\\.3 0B up 0B down \\d+ms"
                + " id=0123456789abcdef0123456789abcdef");
  }

  @Test
  void tellsWhereAnInboundConnectionCameFrom() {
    Connection connection = open(Direction.INGRESS, "fd00::24", "fd00::26");
    connection.secured("ns/shop/sa/web", "ns/shop/sa/cart", "mtls TLSv1.3");
    connections.end(connection, new Outcome.Completed());
    assertThat(ConnectionLog.TEXT.line(connection, CLOCK))
        .startsWith(
            "ingress [fd00::24]:42018 -> [fd00::26]:80 as ns/shop/sa/web from ns/shop/sa/cart"
                + " mtls TLSv1.3 0B up 0B down ");
  }

  @Test
  void tellsWhoCutAConnectionOff() {
    Connection connection = open(Direction.EGRESS, "10.0.0.1", "192.0.2.1");
    connections.end(connection, new Outcome.Aborted(Outcome.Party.PEER, "reset"));
    assertThat(ConnectionLog.TEXT.line(connection, CLOCK))
        .matches(
            "egress  10\\.0\\.0\\.1:42018 -> 192\\.0\\.2\\.1:80 plain 0B up 0B down \\d+ms cut off"
                + " by peer: reset");
  }

  @Test
  void tellsWhyAConnectionWasRefused() {
    Connection connection = open(Direction.EGRESS, "10.0.0.1", "10.0.0.2");
    connections.end(
        connection, new Outcome.Refused("not_tls", "not meshed: there is no TLS there"));
    assertThat(ConnectionLog.TEXT.line(connection, CLOCK))
        .isEqualTo(
            "egress  10.0.0.1:42018 -> 10.0.0.2:80 refused: not meshed: there is no TLS there");
  }

  @Test
  void tellsMachinesTheSame() {
    Connection connection = open(Direction.INGRESS, "10.0.0.1", "10.0.0.2");
    connection.secured("ns/shop/sa/web", "ns/shop/sa/\"cart\"", "mtls TLSv1.3");
    connections.end(connection, new Outcome.Aborted(Outcome.Party.APP, "reset"));
    JsonObject line = new JsonObject(ConnectionLog.JSON.line(connection, CLOCK));
    line.remove("milliseconds");
    assertThat(line)
        .isEqualTo(
            new JsonObject(
                """
                {"time": "2026-01-02T03:04:05Z", "direction": "ingress",
                 "client": "10.0.0.1:42018", "destination": "10.0.0.2:80",
                 "self": "ns/shop/sa/web", "peer": "ns/shop/sa/\\"cart\\"",
                 "protocol": "mtls TLSv1.3", "up": 0, "down": 0, "id": "",
                 "outcome": "aborted_by_app", "why": "cut off by app: reset"}
                """));
  }

  @Test
  void wrapsOtherLinesForMachinesOnly() {
    assertThat(ConnectionLog.TEXT.message("a \"line\"", CLOCK)).isEqualTo("a \"line\"");
    assertThat(ConnectionLog.JSON.message("a \"line\"", CLOCK))
        .isEqualTo("{\"time\":\"2026-01-02T03:04:05Z\",\"message\":\"a \\\"line\\\"\"}");
  }

  @ParameterizedTest
  @CsvSource({
    "0,0B",
    "412,412B",
    "999,999B",
    "1000,1.0kB",
    "9949,9.9kB",
    "9950,10kB",
    "18000,18kB",
    "999499,999kB",
    "999500,1.0MB",
    "10737418240,11GB",
    "9223372036854775807,9.2EB"
  })
  void amountsHaveTwoFiguresOrThree(long bytes, String text) {
    assertThat(ConnectionLog.bytes(bytes)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({"0,0ms", "31,31ms", "9999,9999ms", "10000,10s", "599999,599s", "600000,10m0s"})
  void timesGetCoarserAsTheyGrow(long millis, String text) {
    assertThat(ConnectionLog.time(Duration.ofMillis(millis))).isEqualTo(text);
  }

  private Connection open(Direction direction, String client, String destination) {
    return connections
        .open(
            direction,
            new InetSocketAddress(InetAddress.ofLiteral(client), 42018),
            new InetSocketAddress(InetAddress.ofLiteral(destination), 80))
        .orElseThrow();
  }
}
