package io.podveil.injector.webhook;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Health and metrics, for the kubelet and for Prometheus. */
public final class AdminServer {
  private final HttpServer server;
  private final Metrics metrics;
  private final Supplier<Optional<String>> notReadyBecause;

  public AdminServer(Vertx vertx, Metrics metrics, Supplier<Optional<String>> notReadyBecause) {
    this.metrics = metrics;
    this.notReadyBecause = notReadyBecause;
    this.server =
        vertx
            .createHttpServer(
                new HttpServerOptions().setIdleTimeout(60).setIdleTimeoutUnit(TimeUnit.SECONDS))
            .requestHandler(this::requested);
  }

  /** Listens; port 0 takes a free one. The future has the port. */
  public Future<Integer> listen(int port) {
    return server.listen(port, "::").map(HttpServer::actualPort);
  }

  private void requested(HttpServerRequest request) {
    if (!request.method().equals(HttpMethod.GET)) {
      answer(request, 405, "health and metrics are for reading");
      return;
    }
    switch (String.valueOf(request.path())) {
      case "/livez" -> answer(request, 200, "ok");
      case "/readyz" ->
          notReadyBecause
              .get()
              .ifPresentOrElse(
                  reason -> answer(request, 503, "not ready: " + reason),
                  () -> answer(request, 200, "ok"));
      case "/metrics" -> {
        request.response().putHeader("content-type", "text/plain; version=0.0.4; charset=utf-8");
        request.response().end(metrics.text());
      }
      default -> answer(request, 404, "there are /livez, /readyz and /metrics");
    }
  }

  private static void answer(HttpServerRequest request, int status, String text) {
    request
        .response()
        .setStatusCode(status)
        .putHeader("content-type", "text/plain; charset=utf-8")
        .end(text + "\n");
  }
}
