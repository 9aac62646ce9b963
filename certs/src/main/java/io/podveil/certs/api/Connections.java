package io.podveil.certs.api;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Open connections, each with a deadline: a request must be complete soon after the connection is,
 * and the next one begins within a while. Silence and one byte at a time end the same way.
 */
final class Connections {
  private static final Duration REQUEST = Duration.ofSeconds(10);
  private static final Duration IDLE = Duration.ofSeconds(30);
  private static final int MAX = 4096;

  private final Vertx vertx;
  private final ApiMetrics metrics;
  private final Map<HttpConnection, Long> deadlines = new ConcurrentHashMap<>();

  Connections(Vertx vertx, ApiMetrics metrics) {
    this.vertx = vertx;
    this.metrics = metrics;
    metrics.connections(deadlines::size);
  }

  void opened(HttpConnection connection) {
    if (deadlines.size() >= MAX) {
      metrics.shed();
      var _ = connection.close();
      return;
    }
    expect(connection, REQUEST);
    connection.closeHandler(_ -> cancel(deadlines.remove(connection)));
  }

  /** A request began to arrive. */
  void requestBegan(HttpConnection connection) {
    expect(connection, REQUEST);
  }

  /** The request is complete; how long the answer takes is our own affair. */
  void requestComplete(HttpConnection connection) {
    cancel(deadlines.put(connection, NO_TIMER));
  }

  /** The request was answered. */
  void answered(HttpConnection connection) {
    expect(connection, IDLE);
  }

  private static final long NO_TIMER = -1;

  private void expect(HttpConnection connection, Duration within) {
    long timer = vertx.setTimer(within.toMillis(), _ -> connection.close());
    cancel(deadlines.put(connection, timer));
  }

  private void cancel(@Nullable Long timer) {
    if (timer != null && timer != NO_TIMER) {
      vertx.cancelTimer(timer);
    }
  }
}
