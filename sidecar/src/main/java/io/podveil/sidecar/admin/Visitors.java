package io.podveil.sidecar.admin;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Who is connected to the admin port. Anybody may, and must neither use up the descriptors that the
 * apps need nor take the kubelet's place: a container whose probes fail is killed. So there is a
 * bound for all, a lower one for each address, and the idle are sent away; whoever waits for us is
 * not idle, however long a hook may take.
 */
final class Visitors {
  static final int AT_A_TIME = 64;
  static final int FROM_ONE_ADDRESS = 24;

  private final Vertx vertx;
  private final long idleMillis;
  private final AtomicInteger all = new AtomicInteger();
  private final Map<String, Integer> byAddress = new ConcurrentHashMap<>();
  private final Map<HttpConnection, Long> timers = new ConcurrentHashMap<>();

  Visitors(Vertx vertx, Duration idle) {
    this.vertx = vertx;
    this.idleMillis = idle.toMillis();
  }

  /** A connection was opened, which may be one too many. */
  void received(HttpConnection connection) {
    String address = connection.remoteAddress().hostAddress();
    int here = all.incrementAndGet();
    int alike = byAddress.merge(address, 1, Integer::sum);
    connection.closeHandler(closed -> left(connection, address));
    if (here > AT_A_TIME || alike > FROM_ONE_ADDRESS) {
      connection.close();
    } else {
      heard(connection);
    }
  }

  /** Said something, or was told something: time starts to run again. */
  void heard(HttpConnection connection) {
    waits(connection);
    timers.put(
        connection,
        vertx.setTimer(
            idleMillis,
            late -> {
              timers.remove(connection);
              connection.close();
            }));
  }

  /** It is our turn to say something. */
  void waits(HttpConnection connection) {
    @Nullable Long timer = timers.remove(connection);
    if (timer != null) {
      vertx.cancelTimer(timer);
    }
  }

  private void left(HttpConnection connection, String address) {
    all.decrementAndGet();
    byAddress.computeIfPresent(address, (key, count) -> count == 1 ? null : count - 1);
    waits(connection);
  }
}
