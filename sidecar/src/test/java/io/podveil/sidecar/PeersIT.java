package io.podveil.sidecar;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;
import static org.awaitility.Awaitility.await;

import io.podveil.sidecar.testbed.CertsPlayer;
import io.podveil.sidecar.testbed.CertsPlayer.Answer;
import io.podveil.sidecar.testbed.CertsPlayer.Question;
import io.podveil.sidecar.testbed.InBackground;
import io.podveil.sidecar.testbed.Line;
import io.podveil.sidecar.testbed.Mesh;
import io.podveil.sidecar.testbed.MeshedPod;
import io.podveil.sidecar.testbed.Pod;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** What is known of an address decides how it is dialled, and who may answer. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class PeersIT {
  private final Map<String, JsonObject> known = new ConcurrentHashMap<>();
  private Mesh mesh;
  private CertsPlayer certs;
  private MeshedPod cart;
  private MeshedPod web;
  private Pod plain;

  @BeforeAll
  void lay() throws Exception {
    mesh = Mesh.lay();
    Pod control = mesh.plainPod();
    certs = control.namespace().call(() -> CertsPlayer.start(mesh.authority(), control.v4()));
    certs.answering(question ->
        Answer.ok(question.path().equals("/v1/peers") ? peers(question) : certs.issue(question)));
    web = mesh.pod("web");
    plain = mesh.plainPod();
    cart = mesh.enrolling("cart", certs);
    cart.start();
    askOnce();
  }

  /** The first question of a cold process on a busy machine may take longer than the deadline. */
  private void askOnce() throws Exception {
    try (Socket client = dial(plain.v4().getHostAddress(), 7999)) {
      client.getInputStream().read();
    } catch (IOException nobodyListens) {
      // Nor need there be anybody.
    }
    await().until(() -> certs.questions().stream().anyMatch(q -> q.path().equals("/v1/peers")));
  }

  @AfterAll
  void close() {
    certs.close();
    mesh.close();
  }

  @Test
  void whoIsKnownNotToBeMeshedIsReachedInPlaintext() throws Exception {
    known.put(plain.v4().getHostAddress() + ":8000", notMeshed());

    try (ServerSocket listener = plain.namespace().call(() -> new ServerSocket(8000, 5))) {
      assertThat(exchange(listener, plain.v4().getHostAddress(), 8000)).isEqualTo("hello");
    }
    cart.sidecar().await("egress .*:8000 plain 5B up");
  }

  @Test
  void whoeverAnswersInsteadOfTheExpectedIsRefusedAndTheAnswerAskedAgain() throws Exception {
    String to = web.pod().v4().getHostAddress() + ":8001";
    known.put(to, meshed("ns/shop/sa/pay"));

    try (Socket client = dial(web.pod().v4().getHostAddress(), 8001)) {
      client.getOutputStream().write(1);
      assertThat(client.getInputStream().read()).isEqualTo(-1);
    } catch (IOException reset) {
      assertThat(reset).hasMessageContaining("reset");
    }

    cart.sidecar()
        .await(
            "refused: answered as ns/shop/sa/web, expected ns/shop/sa/pay; is another pod using"
                + " this address");
    assertThat(certs.questions())
        .filteredOn(question -> question.body().contains(to))
        .hasSizeGreaterThanOrEqualTo(2)
        .allMatch(Question::clientCertificate);
  }

  @Test
  void anAnswerThatProvedWrongIsCorrectedBeforeTheAppNotices() throws Exception {
    String to = web.pod().v4().getHostAddress() + ":8002";
    known.put(to, meshed("ns/shop/sa/pay"));
    known.put("next " + to, meshed("ns/shop/sa/web"));

    try (ServerSocket listener = web.namespace().call(() -> new ServerSocket(8002, 5))) {
      assertThat(exchange(listener, web.pod().v4().getHostAddress(), 8002)).isEqualTo("hello");
    }
    cart.sidecar().await("egress .*:8002 as ns/shop/sa/cart to ns/shop/sa/web mtls TLSv1.3 5B up");
  }

  /** An address passed from a pod without a sidecar to one with. */
  @Test
  void plaintextThatIsResetAtOnceIsDoubtedAtOnce() throws Exception {
    String address = web.pod().v4().getHostAddress();
    known.put(address + ":8006", notMeshed());
    known.put("next " + address + ":8006", meshed("ns/shop/sa/web"));

    try (ServerSocket listener = web.namespace().call(() -> new ServerSocket(8006, 5))) {
      try (Socket client = dial(address, 8006)) {
        client.getOutputStream().write("hello".getBytes(UTF_8));
        Line.assertReset(client);
      }
      assertThat(exchange(listener, address, 8006)).isEqualTo("hello");
    }
    cart.sidecar().await("egress .*:8006 as ns/shop/sa/cart to ns/shop/sa/web mtls TLSv1.3 5B up");
  }

  @Test
  void aServiceLeadsToAnEndpointThatCanBeReached() throws Exception {
    String service = "10.99.0.1";
    JsonArray endpoints =
        JsonArray.of(
            endpoint(plain.v4().getHostAddress() + ":8999", "ns/shop/sa/gone"),
            endpoint(web.pod().v4().getHostAddress() + ":8003", "ns/shop/sa/web"));
    known.put(service + ":80", service(endpoints));
    cart.namespace().run("ip", "route", "replace", "10.99.0.1/32", "dev", "eth0");

    try (ServerSocket listener = web.namespace().call(() -> new ServerSocket(8003, 50))) {
      for (int i = 0; i < 6; i++) {
        assertThat(exchange(listener, service, 80)).isEqualTo("hello");
      }
    }
    cart.sidecar().await("egress .* -> 10.99.0.1:80 as ns/shop/sa/cart to ns/shop/sa/web mtls");
  }

  /** As kube-proxy would: at random, connection by connection, though links are used again. */
  @Test
  void aServicesConnectionsAreSpreadEvenly() throws Exception {
    int connections = 9_000;
    List<AtomicInteger> served = new ArrayList<>();
    List<ServerSocket> listeners = new ArrayList<>();
    JsonArray endpoints = new JsonArray();
    for (int i = 0; i < 3; i++) {
      ServerSocket listener = web.namespace().call(() -> new ServerSocket(0, 1024));
      AtomicInteger count = new AtomicInteger();
      listeners.add(listener);
      served.add(count);
      InBackground.call(() -> serve(listener, count));
      String address = web.pod().v4().getHostAddress() + ":" + listener.getLocalPort();
      endpoints.add(endpoint(address, "ns/shop/sa/web"));
    }
    known.put("10.99.0.2:80", service(endpoints));
    cart.namespace().run("ip", "route", "replace", "10.99.0.2/32", "dev", "eth0");

    for (int i = 0; i < connections; i++) {
      try (Socket client = dial("10.99.0.2", 80)) {
        client.shutdownOutput();
        assertThat(client.getInputStream().read()).isEqualTo(-1);
      }
    }

    for (ServerSocket listener : listeners) {
      listener.close();
    }
    // Six standard deviations of what is truly random.
    assertThat(served)
        .allSatisfy(
            count -> assertThat(count.get()).isCloseTo(connections / 3, withinPercentage(10)));
    assertThat(cart.metric("podveil_reused_total{direction=\"egress\"}"))
        .isGreaterThan(connections / 2.0);
  }

  private static Void serve(ServerSocket listener, AtomicInteger count) throws IOException {
    while (true) {
      try (Socket server = listener.accept()) {
        count.incrementAndGet();
        server.getInputStream().readAllBytes();
      }
    }
  }

  private static JsonObject service(JsonArray endpoints) {
    return new JsonObject()
        .put("kind", "service")
        .put("meshed", true)
        .put("endpoints", endpoints)
        .put("maxAge", 60);
  }

  private String exchange(ServerSocket listener, String address, int port) throws Exception {
    try (Socket client = dial(address, port)) {
      client.getOutputStream().write("hello".getBytes(UTF_8));
      client.shutdownOutput();
      listener.setSoTimeout(15_000);
      try (Socket accepted = listener.accept()) {
        return new String(accepted.getInputStream().readAllBytes(), UTF_8);
      }
    }
  }

  private Socket dial(String address, int port) throws Exception {
    Socket client = cart.namespace().call(() -> new Socket(address, port));
    client.setSoTimeout(15_000);
    return client;
  }

  private String peers(Question question) {
    JsonArray answers = new JsonArray();
    for (Object address : new JsonObject(question.body()).getJsonArray("addresses")) {
      JsonObject answer = known.getOrDefault(address.toString(), notMeshed());
      answers.add(answer.copy().put("address", address));
      JsonObject next = known.remove("next " + address);
      if (next != null) {
        known.put(address.toString(), next);
      }
    }
    return new JsonObject().put("peers", answers).encode();
  }

  private static JsonObject meshed(String path) {
    return new JsonObject()
        .put("kind", "pod")
        .put("meshed", true)
        .put("identities", JsonArray.of("spiffe://cluster.local/" + path))
        .put("maxAge", 60);
  }

  private static JsonObject notMeshed() {
    return new JsonObject().put("kind", "unknown").put("meshed", false).put("maxAge", 5);
  }

  private static JsonObject endpoint(String address, String path) {
    return new JsonObject()
        .put("address", address)
        .put("meshed", true)
        .put("identity", "spiffe://cluster.local/" + path);
  }
}
