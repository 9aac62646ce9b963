package io.podveil.certs.api;

import io.podveil.certs.signer.Names;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import java.util.stream.Collectors;
import javax.net.ssl.SSLPeerUnverifiedException;

/** Takes a request off the wire, within bounds, and has its endpoint answer on another thread. */
final class Router {
  private static final System.Logger LOG = System.getLogger("api");
  private static final String BEARER = "bearer ";
  // Each holds a virtual thread, and an API server's or a signer's attention.
  private static final int MAX_IN_PROGRESS = 512;

  private final Vertx vertx;
  private final Map<String, Endpoint> endpoints;
  private final MeshClients clients;
  private final Connections connections;
  private final ExecutorService workers;
  private final ApiMetrics metrics;
  private final Semaphore places = new Semaphore(MAX_IN_PROGRESS);

  Router(
      Vertx vertx,
      List<Endpoint> endpoints,
      MeshClients clients,
      Connections connections,
      ExecutorService workers,
      ApiMetrics metrics) {
    this.vertx = vertx;
    this.endpoints =
        endpoints.stream().collect(Collectors.toMap(Endpoint::path, Function.identity()));
    this.clients = clients;
    this.connections = connections;
    this.workers = workers;
    this.metrics = metrics;
  }

  void handle(HttpServerRequest request) {
    connections.requestBegan(request.connection());
    Endpoint endpoint = endpoints.get(request.path());
    if (endpoint == null) {
      refuse(request, Problem.NOT_FOUND, "there are " + endpoints.keySet());
    } else if (!request.method().equals(HttpMethod.POST)) {
      refuse(request, Problem.METHOD_NOT_ALLOWED, "send a POST to " + endpoint.path());
    } else if (!isJson(request)) {
      refuse(request, Problem.MEDIA_TYPE, "send the body as application/json");
    } else {
      receive(request, endpoint);
    }
  }

  private void receive(HttpServerRequest request, Endpoint endpoint) {
    Buffer body = Buffer.buffer();
    request.handler(chunk -> {
      // Of a body that is too large nothing more is kept, and nothing more awaited.
      if (body.length() + chunk.length() > endpoint.maxBody()) {
        request.handler(_ -> {}).endHandler(_ -> {});
        refuse(
            request, Problem.BODY_TOO_LARGE, "send at most %d bytes".formatted(endpoint.maxBody()));
      } else {
        body.appendBuffer(chunk);
      }
    });
    request.endHandler(_ -> work(request, endpoint, body));
  }

  private void work(HttpServerRequest request, Endpoint endpoint, Buffer body) {
    connections.requestComplete(request.connection());
    if (!places.tryAcquire()) {
      Reply reply = Problem.TOO_MANY_REQUESTS.reply("the server is busy", Duration.ofSeconds(1));
      metrics.answered(endpoint.path(), reply.outcome(), System.nanoTime());
      send(request, reply);
      return;
    }
    long begin = System.nanoTime();
    Call call = call(request, body);
    Context context = vertx.getOrCreateContext();
    workers.execute(() -> {
      Reply reply = answer(endpoint, call);
      places.release();
      metrics.answered(endpoint.path(), reply.outcome(), begin);
      context.runOnContext(_ -> send(request, reply));
    });
  }

  private static Reply answer(Endpoint endpoint, Call call) {
    try {
      return endpoint.answer(call);
    } catch (RuntimeException | StackOverflowError e) {
      LOG.log(System.Logger.Level.ERROR, "a bug in " + endpoint.path(), e);
      return Problem.INTERNAL.reply("the server's log says more");
    }
  }

  private Call call(HttpServerRequest request, Buffer body) {
    String authorization = Optional.ofNullable(request.getHeader("Authorization")).orElse("");
    boolean bearer = authorization.toLowerCase(Locale.ROOT).startsWith(BEARER);
    return new Call(
        Optional.of(authorization)
            .filter(_ -> bearer)
            .map(header -> header.substring(BEARER.length()).strip())
            .filter(token -> !token.isEmpty()),
        peer(request),
        InetAddress.ofLiteral(request.remoteAddress().hostAddress()),
        body.toString(StandardCharsets.UTF_8));
  }

  private Optional<Names> peer(HttpServerRequest request) {
    try {
      var leaf = request.sslSession().getPeerCertificates()[0];
      return leaf instanceof X509Certificate x509 ? clients.namesOf(x509) : Optional.empty();
    } catch (SSLPeerUnverifiedException e) {
      return Optional.empty();
    }
  }

  /** Answers without waiting for the body, and so closes the connection. */
  private void refuse(HttpServerRequest request, Problem problem, String detail) {
    metrics.answered("-", problem.slug(), System.nanoTime());
    request.response().putHeader("Connection", "close");
    send(request, problem.reply(detail));
  }

  private void send(HttpServerRequest request, Reply reply) {
    HttpServerResponse response = request.response();
    if (response.closed() || response.ended()) {
      return;
    }
    response.setStatusCode(reply.status()).putHeader("Content-Type", reply.contentType());
    if (reply.status() == 401) {
      response.putHeader("WWW-Authenticate", "Bearer");
    }
    if (reply.retryAfter().isPositive()) {
      response.putHeader(
          "Retry-After",
          Long.toString(Math.max(1, reply.retryAfter().plusMillis(999).toSeconds())));
    }
    response.end(reply.body()).onComplete(_ -> connections.answered(request.connection()));
  }

  private static boolean isJson(HttpServerRequest request) {
    String type = Optional.ofNullable(request.getHeader("Content-Type")).orElse("");
    return type.split(";", 2)[0].strip().equalsIgnoreCase("application/json");
  }
}
