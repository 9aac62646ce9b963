package io.podveil.certs.admin;

import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import java.util.List;
import java.util.function.Supplier;

/** {@code /livez}, {@code /readyz} and {@code /metrics}. */
public final class AdminServer {
  private final HttpServer server;
  private final Supplier<List<String>> unready;
  private final PrometheusMeterRegistry registry;

  /**
   * @param unready why the program cannot do its work; empty if it can
   */
  public AdminServer(
      Vertx vertx, Supplier<List<String>> unready, PrometheusMeterRegistry registry) {
    this.server = vertx.createHttpServer().requestHandler(this::handle);
    this.unready = unready;
    this.registry = registry;
  }

  /** Begins to listen; the future says on which port. */
  public Future<Integer> listen(int port) {
    return server.listen(port, "::").map(HttpServer::actualPort);
  }

  private void handle(HttpServerRequest request) {
    switch (String.valueOf(request.path())) {
      case "/livez" -> answer(request, 200, "ok\n");
      case "/readyz" -> {
        List<String> reasons = unready.get();
        answer(
            request,
            reasons.isEmpty() ? 200 : 503,
            reasons.isEmpty() ? "ok\n" : String.join("\n", reasons) + "\n");
      }
      case "/metrics" -> answer(request, 200, registry.scrape());
      default -> answer(request, 404, "there are /livez, /readyz and /metrics\n");
    }
  }

  private static void answer(HttpServerRequest request, int status, String text) {
    var _ =
        request
            .response()
            .setStatusCode(status)
            .putHeader("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            .end(text);
  }
}
