package io.podveil.sidecar;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** With a stand-in for the sidecar, which answers /readyz as it is told. */
@Timeout(60)
final class AwaitReadyTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  private final Queue<String> missing = new ConcurrentLinkedQueue<>();
  private HttpServer sidecar;
  private AwaitReady ready;

  @BeforeEach
  void start() throws IOException {
    sidecar = HttpServer.create(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0), 5);
    sidecar.createContext("/readyz", this::answer);
    sidecar.start();
    ready = new AwaitReady(sidecar.getAddress().getPort(), text -> {});
  }

  @AfterEach
  void stop() {
    sidecar.stop(0);
  }

  @Test
  void goesOnAsSoonAsItIsReady() {
    missing.addAll(List.of("no certificate yet", "the capture rules are not in force for IPv4"));
    assertThat(ready.within(LONG)).isEmpty();
    assertThat(missing).isEmpty();
  }

  @Test
  void goesOnWhileItWarmsUp() {
    missing.addAll(List.of("no certificate yet", Readiness.WARMING_UP, "not asked any more"));
    assertThat(ready.within(LONG)).isEmpty();
    assertThat(missing).containsExactly("not asked any more");
  }

  @Test
  void doesNotGoOnWhereMoreIsMissing() {
    missing.add(Readiness.WARMING_UP + "; the capture rules are not in force for IPv4");
    assertThat(ready.within(Duration.ZERO)).isPresent();
  }

  @Test
  void saysWhatIsMissingWhenPatienceEnds() {
    missing.addAll(List.of("no certificate yet: it is being asked for", "not asked any more"));
    assertThat(ready.within(Duration.ZERO)).contains("no certificate yet: it is being asked for");
    assertThat(missing).hasSize(1);
  }

  @Test
  void saysWhenNothingAnswers() throws IOException {
    int port;
    try (ServerSocket closed = new ServerSocket(0)) {
      port = closed.getLocalPort();
    }
    assertThat(new AwaitReady(port, text -> {}).within(Duration.ofMillis(100)))
        .contains("nothing answers at its port " + port + " (Connection refused)");
  }

  private void answer(HttpExchange exchange) throws IOException {
    String why = missing.poll();
    byte[] body = (why == null ? "ready\n" : "not ready: " + why + "\n").getBytes(UTF_8);
    try (exchange) {
      exchange.sendResponseHeaders(why == null ? 200 : 503, body.length);
      exchange.getResponseBody().write(body);
    }
  }
}
