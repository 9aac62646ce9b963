package io.podveil.sidecar.admin;

import io.netty.util.NetUtil;
import io.podveil.sidecar.identity.Credential;
import io.podveil.sidecar.identity.Identity;
import io.podveil.sidecar.relay.Connection;
import io.podveil.sidecar.relay.Connections;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Health, metrics and state over plain HTTP. Health and metrics answer anybody, as kubelet and
 * Prometheus come from outside; the state of things is for those inside the pod.
 *
 * @param identity the one in force, once there is one
 * @param unready asked for each /readyz: what is missing, or nothing
 * @param probes answers what is asked below /probe/, which may take its time
 * @param about what is fixed for the life of the process, for /state: the pod, the capture rules
 */
public record AdminServer(
    Connections connections,
    Metrics metrics,
    Supplier<Optional<Identity>> identity,
    Supplier<CompletionStage<List<String>>> unready,
    Consumer<HttpServerRequest> probes,
    JsonObject about) {
  // With HTTP/2 to be told from HTTP/1 a connection would be nobody's until its first byte.
  static final HttpServerOptions OPTIONS = new HttpServerOptions().setHttp2ClearTextEnabled(false);

  private static final Duration IDLE = Duration.ofSeconds(30);
  private static final String PROBES = "/probe/";
  private static final Set<HttpMethod> ALLOWED = Set.of(HttpMethod.GET, HttpMethod.HEAD);

  /**
   * Starts to listen.
   *
   * @param host every address of the pod, as the kernel would have it said
   */
  public Future<HttpServer> listen(Vertx vertx, String host, int port) {
    Visitors visitors = new Visitors(vertx, IDLE);
    return vertx
        .createHttpServer(OPTIONS)
        .connectionHandler(visitors::received)
        .requestHandler(request -> handle(request, visitors))
        .listen(port, host);
  }

  private void handle(HttpServerRequest request, Visitors visitors) {
    try {
      if (String.valueOf(request.path()).startsWith(PROBES)) {
        visitors.waits(request.connection());
        request.response().endHandler(ended -> visitors.heard(request.connection()));
        probes.accept(request);
      } else {
        visitors.heard(request.connection());
        answer(request);
      }
    } catch (RuntimeException e) {
      // A bug, which must not leave the asker waiting.
      text(request.response(), 500, "failed: " + e + "\n");
    }
  }

  private void answer(HttpServerRequest request) {
    HttpServerResponse response = request.response();
    if (!ALLOWED.contains(request.method())) {
      text(response.putHeader("Allow", "GET, HEAD"), 405, "only GET and HEAD\n");
      return;
    }
    switch (String.valueOf(request.path())) {
      case "/livez" -> text(response, 200, "alive\n");
      case "/readyz" -> ready(response);
      case "/metrics" -> {
        response.putHeader("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
        response.end(metrics.text(connections, this::certificateExpiry));
      }
      case "/state" -> state(request);
      default -> text(response, 404, "there are /livez, /readyz, /metrics, /state and /probe/\n");
    }
  }

  private void ready(HttpServerResponse response) {
    // whenComplete may run on another thread; a Vert.x response may be ended from any.
    unready
        .get()
        .whenComplete((missing, failure) -> {
          if (failure != null) {
            text(response, 503, "not ready: " + failure.getMessage() + "\n");
          } else if (missing.isEmpty()) {
            text(response, 200, "ready\n");
          } else {
            text(response, 503, "not ready: " + String.join("; ", missing) + "\n");
          }
        });
  }

  private void state(HttpServerRequest request) {
    if (!isInsidePod(request)) {
      text(request.response(), 403, "the state of things is shown inside the pod only\n");
      return;
    }
    JsonArray live = new JsonArray();
    connections.live().forEach(connection -> live.add(describe(connection)));
    JsonObject state =
        new JsonObject()
            .mergeIn(about)
            .put("certificate", identity.get().map(AdminServer::certificate).orElse(null))
            .put("connections", live);
    request
        .response()
        .putHeader("Content-Type", "application/json")
        .end(state.encodePrettily() + "\n");
  }

  private static JsonObject describe(Connection connection) {
    return ConnectionLog.describe(connection)
        .put("path", connection.path().name().toLowerCase(Locale.ROOT));
  }

  private static JsonObject certificate(Identity identity) {
    Credential credential = identity.credential();
    return new JsonObject()
        .put("id", credential.id().toString())
        .put("notBefore", credential.notBefore().toString())
        .put("notAfter", credential.notAfter().toString())
        .put(
            "addresses",
            new JsonArray(
                credential.addresses().stream().map(NetUtil::toAddressString).sorted().toList()))
        .put("roots", identity.roots().roots().size());
  }

  /** What comes from the pod itself comes from loopback, or from the address that it went to. */
  private static boolean isInsidePod(HttpServerRequest request) {
    String remote = request.remoteAddress().hostAddress();
    return remote.equals(request.localAddress().hostAddress())
        || remote.startsWith("127.")
        || remote.equals("0:0:0:0:0:0:0:1")
        || remote.equals("::1");
  }

  private Optional<Instant> certificateExpiry() {
    return identity.get().map(now -> now.credential().notAfter());
  }

  private static void text(HttpServerResponse response, int status, String body) {
    response.setStatusCode(status).putHeader("Content-Type", "text/plain; charset=utf-8").end(body);
  }
}
