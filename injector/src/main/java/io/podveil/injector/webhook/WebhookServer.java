package io.podveil.injector.webhook;

import io.podveil.injector.injection.Mode;
import io.podveil.injector.webhook.AdmissionReview.UnreadableException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.X509ExtendedKeyManager;

/**
 * HTTPS for the API server. Everything that a stranger could make it wait for or keep has a bound.
 */
public final class WebhookServer {
  /** An API server accepts no object beyond 3 MiB; a review wraps one of them. */
  static final int LARGEST_BODY = 4 << 20;

  private static final Logger LOG = System.getLogger(WebhookServer.class.getName());
  private static final int MOST_CONNECTIONS = 1000;
  private static final Map<String, Mode> PATHS =
      Map.of("/mutate", Mode.STRICT, "/mutate/permissive", Mode.PERMISSIVE);

  private final Vertx vertx;
  private final Reviewer reviewer;
  private final Metrics metrics;
  private final Limits limits;
  private final HttpServer server;
  // Connections that have not sent a whole request's head yet, with the timer that ends their
  // patience. One event loop
  // touches it.
  private final Map<HttpConnection, Long> silent = new HashMap<>();
  private int connections;
  private long lastComplaint = System.nanoTime() - TimeUnit.SECONDS.toNanos(2);
  private volatile boolean draining;

  /**
   * How long a client may take.
   *
   * @param handshake for TLS
   * @param silence from the handshake to the first request
   * @param body from a request's head to its end
   * @param idle between two requests; API servers keep connections for the next review
   */
  public record Limits(Duration handshake, Duration silence, Duration body, Duration idle) {
    /** The webhook's own timeout is 5 s: nobody waits for an answer longer than that. */
    public static final Limits USUAL =
        new Limits(
            Duration.ofSeconds(5),
            Duration.ofSeconds(10),
            Duration.ofSeconds(5),
            Duration.ofMinutes(5));
  }

  public WebhookServer(
      Vertx vertx, X509ExtendedKeyManager keys, Reviewer reviewer, Metrics metrics, Limits limits) {
    this.vertx = vertx;
    this.reviewer = reviewer;
    this.metrics = metrics;
    this.limits = limits;
    this.server =
        vertx
            .createHttpServer(
                new HttpServerOptions()
                    .setSsl(true)
                    .setKeyCertOptions(new GivenKeys(keys))
                    .setEnabledSecureTransportProtocols(Set.of("TLSv1.3"))
                    // HTTP/1.1: one review at a time on a connection, and none of HTTP/2's floods
                    // to fend off.
                    .setUseAlpn(false)
                    .setHandle100ContinueAutomatically(true)
                    .setSslHandshakeTimeout(limits.handshake().toMillis())
                    .setSslHandshakeTimeoutUnit(TimeUnit.MILLISECONDS)
                    .setIdleTimeout((int) limits.idle().toMillis())
                    .setIdleTimeoutUnit(TimeUnit.MILLISECONDS))
            .connectionHandler(this::connected)
            .requestHandler(this::requested)
            .invalidRequestHandler(request -> refuse(request, 400, "not HTTP as we know it"));
  }

  /** Listens; port 0 takes a free one. The future has the port. */
  public Future<Integer> listen(int port) {
    return server.listen(port, "::").map(HttpServer::actualPort);
  }

  /** From now on each answer asks its client to connect elsewhere next time. */
  public void drain() {
    draining = true;
  }

  /** Answers what was asked, then closes. */
  public Future<Void> shutdown(Duration patience) {
    return server.shutdown(patience);
  }

  private void connected(HttpConnection connection) {
    if (++connections > MOST_CONNECTIONS) {
      metrics.refusedRequest(503);
      connection.close();
    }
    silent.put(connection, vertx.setTimer(limits.silence().toMillis(), _ -> connection.close()));
    connection.closeHandler(_ -> {
      connections--;
      heard(connection);
    });
  }

  private void heard(HttpConnection connection) {
    Optional.ofNullable(silent.remove(connection)).ifPresent(vertx::cancelTimer);
  }

  private void requested(HttpServerRequest request) {
    heard(request.connection());
    Mode mode = PATHS.get(request.path());
    if (mode == null) {
      refuse(request, 404, "there are /mutate and /mutate/permissive");
    } else if (!request.method().equals(HttpMethod.POST)) {
      refuse(request, 405, "reviews are posted");
    } else if (!isJson(request.getHeader(HttpHeaders.CONTENT_TYPE))) {
      refuse(request, 415, "reviews are application/json");
    } else if (announced(request) > LARGEST_BODY) {
      refuse(request, 413, "a review has at most %d bytes".formatted(LARGEST_BODY));
    } else {
      receive(request, mode);
    }
  }

  private void receive(HttpServerRequest request, Mode mode) {
    Buffer body = Buffer.buffer();
    long timer =
        vertx.setTimer(
            limits.body().toMillis(),
            _ -> refuse(request, 408, "the review took too long to arrive"));
    request.handler(chunk -> {
      if (body.length() + chunk.length() > LARGEST_BODY) {
        vertx.cancelTimer(timer);
        refuse(request, 413, "a review has at most %d bytes".formatted(LARGEST_BODY));
      } else {
        body.appendBuffer(chunk);
      }
    });
    request.exceptionHandler(_ -> vertx.cancelTimer(timer));
    request.endHandler(_ -> {
      vertx.cancelTimer(timer);
      if (!request.response().ended()) {
        answer(request, body.getBytes(), mode);
      }
    });
  }

  private void answer(HttpServerRequest request, byte[] body, Mode mode) {
    try {
      byte[] answer = reviewer.review(body, mode);
      if (draining) {
        request.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
      }
      request
          .response()
          .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
          .end(Buffer.buffer(answer));
    } catch (UnreadableException e) {
      refuse(request, 400, String.valueOf(e.getMessage()));
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "a review failed; please report it", e);
      refuse(request, 500, "internal error, see the injector's log");
    }
  }

  private void refuse(HttpServerRequest request, int status, String reason) {
    if (request.response().ended()) {
      return;
    }
    metrics.refusedRequest(status);
    complain(status, request, reason);
    // The connection goes with it: what is still to come of this request is not worth reading.
    request
        .response()
        .setStatusCode(status)
        .putHeader(HttpHeaders.CONTENT_TYPE, "text/plain; charset=utf-8")
        .putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE)
        .end(reason + "\n")
        .onComplete(_ -> request.connection().close());
  }

  private void complain(int status, HttpServerRequest request, String reason) {
    long now = System.nanoTime();
    // Enough to find out what is wrong; a stranger shall not fill the log.
    if (now - lastComplaint > TimeUnit.SECONDS.toNanos(1)) {
      lastComplaint = now;
      LOG.log(Level.WARNING, "refused {0} from {1}: {2}", status, request.remoteAddress(), reason);
    }
  }

  private static boolean isJson(String contentType) {
    return contentType != null
        && contentType.split(";", 2)[0].strip().toLowerCase(Locale.ROOT).equals("application/json");
  }

  private static long announced(HttpServerRequest request) {
    String length = request.getHeader(HttpHeaders.CONTENT_LENGTH);
    return length != null && length.matches("[0-9]{1,18}") ? Long.parseLong(length) : 0;
  }
}
