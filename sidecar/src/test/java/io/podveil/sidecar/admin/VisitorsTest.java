package io.podveil.sidecar.admin;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class VisitorsTest {
  private static final int IDLE_MILLIS = 400;

  private final Vertx vertx = Vertx.vertx();
  private final Visitors visitors = new Visitors(vertx, Duration.ofMillis(IDLE_MILLIS));
  private HttpServer server;

  @BeforeEach
  void listen() {
    server =
        vertx
            .createHttpServer(AdminServer.OPTIONS)
            .connectionHandler(visitors::received)
            .requestHandler(this::answer)
            .listen(0, "127.0.0.1")
            .await();
  }

  @AfterEach
  void close() {
    vertx.close().await();
  }

  private void answer(HttpServerRequest request) {
    if ("/hook".equals(request.path())) {
      visitors.waits(request.connection());
      request.response().endHandler(ended -> visitors.heard(request.connection()));
      vertx.setTimer(3 * IDLE_MILLIS, late -> request.response().end());
    } else {
      visitors.heard(request.connection());
      request.response().end();
    }
  }

  @Test
  void theIdleAreSentAwayAndThoseWhoAskStay() throws Exception {
    try (Socket silent = connect();
        Socket busy = connect()) {
      for (int i = 0; i < 6; i++) {
        ask(busy, "x");
        Thread.sleep(IDLE_MILLIS / 4);
      }
      assertThat(silent.getInputStream().read()).isEqualTo(-1);
      ask(busy, "x");
      assertThat(busy.getInputStream().read()).isEqualTo(-1);
    }
  }

  @Test
  void whoWaitsForUsIsNotIdle() throws Exception {
    try (Socket patient = connect()) {
      ask(patient, "hook");
      ask(patient, "hook");
      assertThat(patient.getInputStream().read()).isEqualTo(-1);
    }
  }

  @Test
  void oneAddressDoesNotTakeEveryPlace() throws Exception {
    List<Socket> greedy = new ArrayList<>();
    try {
      for (int i = 0; i < Visitors.FROM_ONE_ADDRESS; i++) {
        Socket each = connect();
        greedy.add(each);
        ask(each, "x");
      }
      try (Socket tooMany = connect()) {
        assertThat(tooMany.getInputStream().read()).isEqualTo(-1);
      }
      try (Socket another = new Socket()) {
        another.bind(new InetSocketAddress("127.0.0.2", 0));
        another.connect(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), server.actualPort()));
        ask(another, "x");
      }
      greedy.removeFirst().close();
      Thread.sleep(100);
      try (Socket next = connect()) {
        ask(next, "x");
      }
    } finally {
      for (Socket each : greedy) {
        each.close();
      }
    }
  }

  private Socket connect() throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.actualPort());
    socket.setSoTimeout(10_000);
    return socket;
  }

  private static void ask(Socket socket, String path) throws IOException {
    socket
        .getOutputStream()
        .write(("GET /" + path + " HTTP/1.1\r\nHost: x\r\n\r\n").getBytes(US_ASCII));
    StringBuilder answer = new StringBuilder();
    while (!answer.toString().endsWith("\r\n\r\n")) {
      int next = socket.getInputStream().read();
      assertThat(next).as(answer.toString()).isNotNegative();
      answer.append((char) next);
    }
    assertThat(answer.toString()).startsWith("HTTP/1.1 200");
  }
}
