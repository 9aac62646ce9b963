package io.podveil.injector.webhook;

import static org.assertj.core.api.Assertions.assertThat;

import io.podveil.injector.injection.Pods;
import io.podveil.injector.patch.Patches;
import io.podveil.injector.serving.Credential;
import io.podveil.injector.serving.CredentialInForce;
import io.podveil.injector.serving.SelfMade;
import io.podveil.injector.serving.Tls;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.SplittableRandom;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLSocket;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

class WebhookServerTest {
  private static final WebhookServer.Limits IMPATIENT =
      new WebhookServer.Limits(
          Duration.ofMillis(500),
          Duration.ofMillis(700),
          Duration.ofMillis(700),
          Duration.ofSeconds(5));

  private final Vertx vertx = Vertx.vertx();
  private final SelfMade maker = new SelfMade("localhost");
  private final CredentialInForce inForce = new CredentialInForce(maker.make(Instant.now()));
  private final Metrics metrics = new Metrics("0.0.0-test", () -> inForce.get().notAfter());
  private WebhookServer server;
  private HttpClient client;
  private int port;

  @BeforeEach
  void start() {
    start(WebhookServer.Limits.USUAL);
  }

  private void start(WebhookServer.Limits limits) {
    server =
        new WebhookServer(
            vertx, inForce.keyManager(), new Reviewer(Pods.judge(), metrics), metrics, limits);
    port = server.listen(0).await();
    client = clientTrusting(inForce.get());
  }

  @AfterEach
  void stop() {
    client.close();
    vertx.close().await();
  }

  @Test
  void answersAReviewWithAPatchThatInjects() throws Exception {
    ObjectNode pod =
        Pods.pod(
            "{\"metadata\": {\"name\": \"p\"}, \"spec\": {\"containers\": [{\"name\": \"a\"}]}}");

    JsonNode answer = json(post("/mutate", review(pod)));

    assertThat(answer.path("apiVersion").stringValue()).isEqualTo("admission.k8s.io/v1");
    assertThat(answer.at("/response/uid").stringValue()).isEqualTo("some-uid");
    assertThat(answer.at("/response/allowed").booleanValue()).isTrue();
    assertThat(answer.at("/response/patchType").stringValue()).isEqualTo("JSONPatch");
    assertThat(Patches.apply(patch(answer), pod)).isEqualTo(Pods.injected(pod));
  }

  @Test
  void takesPermissiveAsTheDefaultOnItsPath() throws Exception {
    ObjectNode pod =
        Pods.pod(
            "{\"metadata\": {\"name\": \"p\"}, \"spec\": {\"containers\": [{\"name\": \"a\"}]}}");

    JsonNode answer = json(post("/mutate/permissive", review(pod)));

    assertThat(patch(answer).toString())
        .contains("{\"name\":\"PODVEIL_INBOUND\",\"value\":\"permissive\"}");
  }

  @Test
  void allowsWithoutAPatchWhatItSkipsAndWarnsWhoMightBeSurprised() throws Exception {
    ObjectNode pod =
        Pods.pod("{\"metadata\": {\"name\": \"p\"}, \"spec\": {\"hostNetwork\": true}}");

    JsonNode response = json(post("/mutate", review(pod))).path("response");

    assertThat(response.path("allowed").booleanValue()).isTrue();
    assertThat(response.has("patch")).isFalse();
    assertThat(response.at("/warnings/0").stringValue())
        .startsWith("podveil: not injected: host network");
  }

  @Test
  void deniesWithTheMessageThatKubectlShows() throws Exception {
    ObjectNode pod =
        Pods.pod(
            "{\"metadata\": {\"annotations\": {\"podveil.io/inbound\": \"of\"}}, \"spec\": {\"containers\": []}}");

    JsonNode response = json(post("/mutate", review(pod))).path("response");

    assertThat(response.path("allowed").booleanValue()).isFalse();
    assertThat(response.at("/status/message").stringValue())
        .isEqualTo("podveil.io/inbound is \"of\": allowed are strict, permissive");
  }

  @Test
  void countsWhatItDecides() throws Exception {
    post("/mutate", review(Pods.pod("{\"spec\": {\"hostNetwork\": true}}")));
    post("/mutate", review(Pods.pod("{\"spec\": {\"containers\": [{\"name\": \"a\"}]}}")));
    post("/mutate", "garbage");

    assertThat(metrics.text())
        .contains("podveil_injector_reviews_total{outcome=\"skip\",reason=\"host_network\"} 1")
        .contains("podveil_injector_reviews_total{outcome=\"inject\",reason=\"\"} 1")
        .contains("podveil_injector_refused_requests_total{status=\"400\"} 1")
        .contains("podveil_injector_review_duration_seconds_count 2");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "garbage",
        "[]",
        "null",
        "{\"kind\": \"AdmissionReview\"}",
        "{\"kind\": \"AdmissionReview\", \"apiVersion\": \"admission.k8s.io/v1beta1\", \"request\": {}}",
        "{\"kind\": \"AdmissionReview\", \"apiVersion\": \"admission.k8s.io/v1\", \"request\": {\"uid\": \"u\","
            + " \"operation\": \"CREATE\", \"kind\": {\"kind\": \"Pod\"}, \"object\": 7}}",
        "{\"kind\": \"AdmissionReview\", \"apiVersion\": \"admission.k8s.io/v1\", \"request\": {\"uid\": \"u\","
            + " \"operation\": \"UPDATE\", \"kind\": {\"kind\": \"Pod\"}, \"object\": {}}}"
      })
  void refusesBodiesThatAreNoReviewOfANewPod(String body) throws Exception {
    assertThat(post("/mutate", body).statusCode()).isEqualTo(400);
  }

  @Test
  void survivesGarbageOfEveryKind() throws Exception {
    SplittableRandom random = new SplittableRandom(7);
    String good = review(Pods.pod("{\"spec\": {\"containers\": [{\"name\": \"a\"}]}}"));
    for (int i = 0; i < 60; i++) {
      byte[] bytes = good.getBytes(StandardCharsets.UTF_8);
      for (int flips = 1 + random.nextInt(8); flips > 0; flips--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      HttpResponse<String> response =
          send(request("/mutate").POST(BodyPublishers.ofByteArray(bytes)).build());
      assertThat(response.statusCode()).isIn(200, 400);
    }
    assertThat(post("/mutate", "[".repeat(100_000)).statusCode()).isEqualTo(400);
  }

  @Test
  void refusesABodyThatIsTooLargeWhetherAnnouncedOrNot() throws Exception {
    byte[] large = new byte[WebhookServer.LARGEST_BODY + 1];
    HttpRequest.BodyPublisher unannounced =
        BodyPublishers.fromPublisher(BodyPublishers.ofByteArray(large));

    // What a client sees that is still sending depends on timing: the answer, or the connection
    // closing on it.
    for (HttpRequest.BodyPublisher body : List.of(BodyPublishers.ofByteArray(large), unannounced)) {
      try {
        assertThat(send(request("/mutate").POST(body).build()).statusCode()).isEqualTo(413);
      } catch (IOException e) {
        assertThat(metrics.text()).contains("status=\"413\"");
      }
    }
    assertThat(metrics.text())
        .contains("podveil_injector_refused_requests_total{status=\"413\"} 2");
  }

  @Test
  void refusesOtherPathsMethodsAndTypes() throws Exception {
    assertThat(post("/elsewhere", "{}").statusCode()).isEqualTo(404);
    assertThat(send(request("/mutate").GET().build()).statusCode()).isEqualTo(405);
    assertThat(
            send(HttpRequest.newBuilder(uri("/mutate"))
                    .header("Content-Type", "text/xml")
                    .POST(BodyPublishers.ofString("{}"))
                    .build())
                .statusCode())
        .isEqualTo(415);
    assertThat(
            send(HttpRequest.newBuilder(uri("/mutate")).POST(BodyPublishers.ofString("{}")).build())
                .statusCode())
        .isEqualTo(415);
  }

  @Test
  void takesJsonWithParameters() throws Exception {
    String body = review(Pods.pod("{\"spec\": {\"containers\": [{\"name\": \"a\"}]}}"));

    HttpRequest request =
        HttpRequest.newBuilder(uri("/mutate"))
            .header("Content-Type", "Application/JSON; charset=utf-8")
            .POST(BodyPublishers.ofString(body))
            .build();

    assertThat(send(request).statusCode()).isEqualTo(200);
  }

  @Test
  void hangsUpOnAClientThatNeverAsks() throws Exception {
    start(IMPATIENT);
    try (SSLSocket socket = connect()) {
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
    }
  }

  @Test
  void hangsUpOnAClientThatDribblesItsHead() throws Exception {
    start(IMPATIENT);
    try (SSLSocket socket = connect()) {
      assertThat(dribble(socket, "POST /mutate HTTP/1.1\r\nX: " + "y".repeat(200))).isTrue();
    }
  }

  @Test
  void refusesAClientThatDribblesItsBody() throws Exception {
    start(IMPATIENT);
    try (SSLSocket socket = connect()) {
      socket
          .getOutputStream()
          .write(
              "POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n"
                  .getBytes(StandardCharsets.US_ASCII));
      dribble(socket, " ".repeat(200));
    }
    assertThat(metrics.text())
        .contains("podveil_injector_refused_requests_total{status=\"408\"} 1");
  }

  @Test
  void servesAReplacedCertificateFromTheNextHandshakeOn() throws Exception {
    Credential old = inForce.get();
    assertThat(post("/mutate", "{}").statusCode()).isEqualTo(400);

    inForce.replace(maker.make(Instant.now()));

    try (HttpClient present = clientTrusting(inForce.get());
        HttpClient past = clientTrusting(old)) {
      HttpRequest request = request("/mutate").POST(BodyPublishers.ofString("{}")).build();
      assertThat(present.send(request, BodyHandlers.ofString()).statusCode()).isEqualTo(400);
      Assertions.assertThatThrownBy(() -> past.send(request, BodyHandlers.ofString()))
          .isInstanceOf(SSLHandshakeException.class);
    }
  }

  @Test
  void keepsAConnectionThatWasThereWhenTheCertificateWasReplaced() throws Exception {
    String body = review(Pods.pod("{\"spec\": {\"containers\": [{\"name\": \"a\"}]}}"));
    assertThat(post("/mutate", body).statusCode()).isEqualTo(200);

    inForce.replace(maker.make(Instant.now()));

    // This client trusts the old certificate only: a new connection would fail.
    assertThat(post("/mutate", body).statusCode()).isEqualTo(200);
  }

  @Test
  void asksItsClientsToLeaveOnceItIsEnding() throws Exception {
    server.drain();

    HttpResponse<String> response =
        post("/mutate", review(Pods.pod("{\"spec\": {\"containers\": [{\"name\": \"a\"}]}}")));

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("connection")).hasValue("close");
  }

  /** Sends a byte at a time, for five seconds at most; whether the other side hung up before. */
  private static boolean dribble(SSLSocket socket, String text) throws Exception {
    long end = System.nanoTime() + Duration.ofSeconds(5).toNanos();
    try {
      for (byte b : text.getBytes(StandardCharsets.US_ASCII)) {
        socket.getOutputStream().write(b);
        Thread.sleep(20);
        if (System.nanoTime() > end) {
          return false;
        }
      }
      return socket.getInputStream().read() == -1;
    } catch (IOException e) {
      return true;
    }
  }

  private SSLSocket connect() throws IOException {
    SSLSocket socket =
        (SSLSocket)
            Tls.trusting(List.of(inForce.get().leaf()))
                .getSocketFactory()
                .createSocket("localhost", port);
    socket.setSoTimeout(3000);
    socket.startHandshake();
    return socket;
  }

  private static HttpClient clientTrusting(Credential credential) {
    return HttpClient.newBuilder()
        .version(HttpClient.Version.HTTP_1_1)
        .sslContext(Tls.trusting(List.of(credential.leaf())))
        .build();
  }

  private HttpResponse<String> post(String path, String body) throws Exception {
    return send(request(path).POST(BodyPublishers.ofString(body)).build());
  }

  private HttpResponse<String> send(HttpRequest request) throws IOException, InterruptedException {
    return client.send(request, BodyHandlers.ofString());
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(uri(path)).header("Content-Type", "application/json");
  }

  private URI uri(String path) {
    return URI.create("https://localhost:" + port + path);
  }

  private static String review(ObjectNode pod) {
    ObjectNode review =
        Pods.pod("{\"kind\": \"AdmissionReview\", \"apiVersion\": \"admission.k8s.io/v1\"}");
    review
        .putObject("request")
        .put("uid", "some-uid")
        .put("operation", "CREATE")
        .put("namespace", "shop")
        .set("object", pod);
    review.withObject("/request/kind").put("kind", "Pod");
    return review.toString();
  }

  private static JsonNode json(HttpResponse<String> response) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return JsonMapper.shared().readTree(response.body());
  }

  private static JsonNode patch(JsonNode answer) {
    return JsonMapper.shared()
        .readTree(Base64.getDecoder().decode(answer.at("/response/patch").stringValue()));
  }
}
