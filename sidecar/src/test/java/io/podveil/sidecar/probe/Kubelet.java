package io.podveil.sidecar.probe;

import io.netty.channel.EventLoopGroup;
import io.podveil.sidecar.net.Dialer;
import io.podveil.sidecar.net.EpollTransport;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpServer;
import io.vertx.core.internal.VertxInternal;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Asks for checks as the kubelet does; the sidecar's admin port is real, and nothing else of it.
 */
final class Kubelet implements AutoCloseable {
  static final String AGENT = "kube-probe/1.34";

  private final Vertx vertx =
      Vertx.builder()
          .with(new VertxOptions().setEventLoopPoolSize(1).setWorkerPoolSize(1))
          .withTransport(new EpollTransport())
          .build();
  private final HttpClient client = HttpClient.newHttpClient();
  private final List<String> log = new CopyOnWriteArrayList<>();
  private final HttpServer admin;

  Kubelet(Checks checks) {
    EventLoopGroup loops = ((VertxInternal) vertx).nettyEventLoopGroup();
    Replays replays = new Replays(checks, new Dialer(Duration.ofSeconds(10)), loops, log::add);
    admin = vertx.createHttpServer().requestHandler(replays::answer).listen(0, "::").await();
  }

  Vertx vertx() {
    return vertx;
  }

  int port() {
    return admin.actualPort();
  }

  List<String> log() {
    return log;
  }

  int status(String check) throws IOException, InterruptedException {
    return ask(check).statusCode();
  }

  HttpResponse<String> ask(String check) throws IOException, InterruptedException {
    return client.send(request("127.0.0.1", check), HttpResponse.BodyHandlers.ofString());
  }

  HttpResponse<String> askAt(String host, String check) throws IOException, InterruptedException {
    return client.send(request(host, check), HttpResponse.BodyHandlers.ofString());
  }

  CompletableFuture<HttpResponse<String>> asking(String check) {
    return client.sendAsync(request("127.0.0.1", check), HttpResponse.BodyHandlers.ofString());
  }

  HttpRequest request(String host, String check) {
    return HttpRequest.newBuilder(URI.create("http://" + host + ":" + port() + "/probe/" + check))
        .version(HttpClient.Version.HTTP_1_1)
        .header("User-Agent", AGENT)
        .timeout(Duration.ofSeconds(20))
        .build();
  }

  HttpClient client() {
    return client;
  }

  @Override
  public void close() {
    client.shutdownNow();
    vertx.close().await();
  }
}
