package io.podveil.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.podveil.sidecar.testbed.Family;
import io.podveil.sidecar.testbed.Mesh;
import io.podveil.sidecar.testbed.MeshedPod;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonObject;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.EnumMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The node's kubelet has no certificate, the pod is strict, and the checks keep their meaning:
 * through the real rules, with apps that listen on the pod's own address and nowhere else.
 */
@Timeout(90)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ProbeIT {
  private static final String CHECKS =
      """
      {"web/liveness":{"http":{"scheme":"HTTP","port":8080,"path":"/healthz?deep=1","headers":
      [{"name":"Host","value":"shop.example"}]},"timeoutSeconds":2},
      "db/liveness":{"tcp":{"port":5432},"timeoutSeconds":2},
      "db/readiness":{"grpc":{"port":9000,"service":"db"},"timeoutSeconds":2},
      "db/startup":{"tcp":{"port":5433},"timeoutSeconds":2},
      "db/pre-stop":{"http":{"scheme":"HTTP","port":5433,"path":"/","headers":[]}}}
      """
          .replace("\n", "");

  private final AtomicInteger health = new AtomicInteger(200);
  private final Queue<String> seen = new ConcurrentLinkedQueue<>();
  private final Map<Family, HttpServer> web = new EnumMap<>(Family.class);
  private Mesh mesh;
  private MeshedPod pod;
  private ServerSocket db;
  private Vertx vertx;

  @BeforeAll
  void lay() throws Exception {
    mesh = Mesh.lay();
    pod =
        mesh.pod(
            "web",
            "--probes=" + CHECKS,
            "--pod-name=web-0",
            "--pod-namespace=shop",
            "--pod-ips=10.77.0.2,fd77::2");
    for (Family family : Family.values()) {
      web.put(family, pod.namespace().call(() -> web(pod.address(family))));
    }
    db = pod.namespace().call(() -> new ServerSocket(5432));
    vertx =
        pod.namespace()
            .call(() -> {
              Vertx made = Vertx.vertx();
              made.createHttpServer().requestHandler(ProbeIT::serving).listen(9000, "::").await();
              return made;
            });
  }

  @AfterAll
  void close() throws Exception {
    web.values().forEach(server -> server.stop(0));
    vertx.close().await();
    db.close();
    mesh.close();
  }

  private HttpServer web(InetAddress address) throws Exception {
    HttpServer server = HttpServer.create(new InetSocketAddress(address, 8080), 50);
    server.createContext(
        "/",
        exchange -> {
          seen.add(
              "%s %s %s from %s"
                  .formatted(
                      exchange.getRequestMethod(),
                      exchange.getRequestURI(),
                      exchange.getRequestHeaders().getFirst("Host"),
                      exchange.getRemoteAddress().getAddress().getHostAddress()));
          exchange.sendResponseHeaders(health.get(), -1);
          exchange.close();
        });
    server.start();
    return server;
  }

  private static void serving(HttpServerRequest request) {
    request
        .response()
        .putHeader("content-type", "application/grpc")
        .putTrailer("grpc-status", "0")
        .end(Buffer.buffer(new byte[] {0, 0, 0, 0, 2, 8, 1}));
  }

  @ParameterizedTest
  @EnumSource
  void theStatusOfAHealthyAppAndOfASickOneComesBack(Family family) {
    seen.clear();
    assertThat(kubelet(family, "web/liveness")).isEqualTo("200");
    String own = pod.address(family).getHostAddress();
    assertThat(seen).containsExactly("GET /healthz?deep=1 shop.example from " + own);
    health.set(500);
    assertThat(kubelet(family, "web/liveness")).isEqualTo("500");
    pod.sidecar().await("probe web/liveness fails: http://.*:8080: answered with status 500");
    health.set(200);
    assertThat(kubelet(family, "web/liveness")).isEqualTo("200");
    pod.sidecar().await("probe web/liveness passes again");
  }

  @ParameterizedTest
  @EnumSource
  void portsAndGrpcServicesAreCheckedToo(Family family) {
    assertThat(kubelet(family, "db/liveness")).isEqualTo("200");
    assertThat(kubelet(family, "db/readiness")).isEqualTo("200");
    assertThat(kubelet(family, "db/startup")).endsWith("connection refused\n503");
    assertThat(kubelet(family, "db/post-start")).endsWith("404");
    pod.sidecar().await("probe db/startup fails: tcp://.*:5433: connection refused");
  }

  @ParameterizedTest
  @EnumSource
  void aHookThatReachesNobodyGetsNoAnswer(Family family) {
    assertThat(curl("%{http_code} %{errormsg}", url(family, "db/pre-stop")))
        .isEqualTo("000 Empty reply from server");
  }

  @ParameterizedTest
  @EnumSource
  void theAppItselfStaysShutToTheNode(Family family) {
    String direct = url(family, "").replace(":3/probe/", ":8080/");
    assertThat(curl("%{http_code}", direct)).isEqualTo("000");
    pod.sidecar().await("ingress .*:8080 refused: plaintext where mutual TLS is required");
  }

  @Test
  void aCheckIsNobodysConnection() {
    kubelet(Family.V4, "web/liveness");
    assertThat(pod.get("/metrics")).doesNotContain("direction=\"egress\",outcome=");
    assertThat(pod.sidecar().lines()).noneMatch(line -> line.startsWith("egress"));
  }

  @Test
  void stateAndLogNameThePod() {
    assertThat(new JsonObject(pod.get("/state")).getJsonObject("pod"))
        .isEqualTo(
            new JsonObject(
                """
                {"namespace": "shop", "name": "web-0", "uid": "", "serviceAccount": "",
                 "addresses": ["10.77.0.2", "fd77::2"]}
                """));
    pod.sidecar().await("serves as spiffe://.*/sa/web in pod shop/web-0, certificate valid until");
  }

  /** Body and status. */
  private String kubelet(Family family, String check) {
    return curl("%{http_code}", url(family, check));
  }

  private String url(Family family, String check) {
    String host = pod.address(family).getHostAddress();
    return "http://" + (family == Family.V6 ? "[" + host + "]" : host) + ":3/probe/" + check;
  }

  /** Whatever its exit code: what it wrote tells. */
  private String curl(String written, String url) {
    return mesh.wire()
        .outside()
        .run("sh", "-c", "curl -sg -m 10 -w \"$0\" \"$1\" || true", written, url);
  }
}
