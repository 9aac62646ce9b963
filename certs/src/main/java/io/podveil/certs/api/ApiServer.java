package io.podveil.certs.api;

import io.podveil.certs.signer.Credential;
import io.podveil.certs.signer.TrustRoots;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.KeyCertOptions;
import io.vertx.core.net.TrustOptions;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/** The API's listener: TLS 1.3, HTTP/1.1, and everything about a request bounded. */
public final class ApiServer {
  private final HttpServer server;
  private final ExecutorService workers = Executors.newVirtualThreadPerTaskExecutor();

  /**
   * @param serving the certificate to show, read for every handshake
   * @param roots whom clients' certificates must lead to, read for every handshake
   */
  public ApiServer(
      Vertx vertx,
      Supplier<Credential> serving,
      Supplier<TrustRoots> roots,
      String trustDomain,
      List<Endpoint> endpoints,
      ApiMetrics metrics) {
    var clients = new MeshClients(roots, trustDomain);
    var connections = new Connections(vertx, metrics);
    var router = new Router(vertx, endpoints, clients, connections, workers, metrics);
    this.server =
        vertx
            .createHttpServer(
                new HttpServerOptions()
                    .setSsl(true)
                    .setUseAlpn(false)
                    .setEnabledSecureTransportProtocols(Set.of("TLSv1.3"))
                    .setClientAuth(ClientAuth.REQUEST)
                    .setKeyCertOptions(KeyCertOptions.wrap(new ServingKeys(serving)))
                    .setTrustOptions(TrustOptions.wrap(clients))
                    .setSslHandshakeTimeout(10)
                    .setSslEngineOptions(BoringSsl.orJdk())
                    .setAcceptBacklog(1024))
            .connectionHandler(connections::opened)
            .requestHandler(router::handle);
  }

  /** Begins to listen; the future says on which port, as 0 means any. */
  public Future<Integer> listen(int port) {
    // On "::", which takes IPv4 too.
    return server.listen(port, "::").map(HttpServer::actualPort);
  }

  /** Takes no more connections and lets requests finish for a while. */
  public Future<Void> shutdown(Duration patience) {
    return server.shutdown(patience).onComplete(_ -> workers.shutdown());
  }
}
