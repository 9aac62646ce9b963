package io.podveil.certs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.podveil.certs.ServeOptions.SignerOption;
import io.podveil.certs.signer.LocalSigner;
import io.podveil.certs.signer.Names;
import io.podveil.certs.signer.SigningRequest;
import io.podveil.certs.signer.SpiffeId;
import io.podveil.certs.signer.Svid;
import io.podveil.certs.signer.TrustRoots;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The whole server, before a real TLS client and an API server that is none. */
final class ServerTest {
  private static final String CERTIFICATES = "/v1/certificates";
  private static final SpiffeId CART = SpiffeId.ofServiceAccount("cluster.local", "shop", "cart");

  private final FakeKubernetes kubernetes = new FakeKubernetes();
  private final KeyPair keys = LocalSigner.newKeyPair();
  private Server server = serve();
  private ApiClient client = ApiClient.plain(server.port(), roots());

  @BeforeEach
  void onePod() {
    Pod cart = kubernetes.meshedPod("shop", "cart", "cart-1", "10.0.0.7", "fd00::7");
    kubernetes.accept("cart-token", cart);
  }

  @AfterEach
  void stop() {
    client.close();
    server.close();
    kubernetes.close();
  }

  @Test
  void aPodGetsTheCertificateOfItsServiceAccount() {
    ApiClient.Answer answer = request("cart-token", csr(CART, "10.0.0.7"));

    assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    List<X509Certificate> chain =
        TrustRoots.read("chain", answer.json().getString("chain")).certificates();
    assertThat(chain).hasSize(2);
    assertThat(Svid.namesOf(chain.getFirst()))
        .isEqualTo(Names.of(CART, List.of(ip("10.0.0.7"), ip("fd00::7"))));
    assertThat(chain.getFirst().getPublicKey()).isEqualTo(keys.getPublic());
    assertThat(answer.json().getString("roots")).isEqualTo(roots());
    assertThat(Instant.parse(answer.json().getString("renewAfter")))
        .isBetween(
            Instant.now().plus(Duration.ofHours(15)), Instant.now().plus(Duration.ofHours(17)));
  }

  @Test
  void answersHaveTheShapeThatTheContractSays() throws IOException {
    ApiClient.Answer good = request("cart-token", csr(CART, "10.0.0.7"));
    assertThat(good.json().fieldNames())
        .isEqualTo(contract("certificate.answer.json").fieldNames());
    ApiClient.Answer bad = request("unknown", csr(CART, "10.0.0.7"));
    assertThat(bad.json()).isEqualTo(contract("problem.json"));
  }

  private static JsonObject contract(String name) throws IOException {
    try (InputStream in = ServerTest.class.getResourceAsStream("/contract/" + name)) {
      return new JsonObject(new String(Objects.requireNonNull(in, name).readAllBytes(), UTF_8));
    }
  }

  @Test
  void anotherServiceAccountsIdentityIsRefused() {
    SpiffeId other = SpiffeId.ofServiceAccount("cluster.local", "shop", "web");
    assertProblem(request("cart-token", csr(other, "10.0.0.7")), 403, "identity-not-yours");
  }

  @Test
  void anotherPodsAddressIsRefused() {
    assertProblem(request("cart-token", csr(CART, "10.0.0.8")), 403, "address-not-yours");
  }

  @Test
  void anAddressThatTheApiServerLearnsLaterIsWaitedFor() {
    Pod late = kubernetes.meshedPod("shop", "cart", "cart-2");
    kubernetes.accept("late-token", late);
    Thread.startVirtualThread(() -> {
      Pod known = FakeKubernetes.pod("shop", "cart", "cart-2", true, "10.0.0.9");
      kubernetes.client().pods().resource(known).patchStatus();
    });
    assertThat(request("late-token", csr(CART, "10.0.0.9")).status()).isEqualTo(200);
  }

  /** Whoever resumes is not asked for a certificate again, though it may no longer be accepted. */
  @Test
  void noHandshakeCanBeResumed() throws Exception {
    Process openssl =
        new ProcessBuilder(
                "openssl", "s_client", "-connect", "127.0.0.1:" + server.port(), "-tls1_3")
            .redirectErrorStream(true)
            .start();
    try (OutputStream request = openssl.getOutputStream()) {
      // A ticket would come before the answer.
      request.write("GET /none HTTP/1.1\r\nConnection: close\r\n\r\n".getBytes(UTF_8));
      request.flush();
      assertThat(new String(openssl.getInputStream().readAllBytes(), UTF_8))
          .contains("New, TLSv1.3, Cipher is ")
          .contains("HTTP/1.1 4")
          .doesNotContain("New Session Ticket");
    }
  }

  @Test
  void aTokenThatIsNobodysIsRefused() {
    ApiClient.Answer answer = request("unknown", csr(CART, "10.0.0.7"));
    assertProblem(answer, 401, "token-invalid");
    assertThat(answer.headers()).containsEntry("WWW-Authenticate", "Bearer");
    assertProblem(request("", csr(CART, "10.0.0.7")), 401, "token-missing");
  }

  @Test
  void aPodThatIsGoneGetsNothing() {
    kubernetes.client().pods().inNamespace("shop").withName("cart-1").delete();
    assertProblem(request("cart-token", csr(CART, "10.0.0.7")), 403, "pod-gone");
    kubernetes.meshedPod("shop", "cart", "cart-1", "10.0.0.7");
    assertProblem(request("cart-token", csr(CART, "10.0.0.7")), 403, "pod-gone");
  }

  @Test
  void whatIsNoRequestIsRefusedWithAReason() {
    assertProblem(request("cart-token", "garbage"), 422, "csr-unreadable");
    assertProblem(client.post(CERTIFICATES, "cart-token", "{"), 400, "request-unreadable");
    assertProblem(client.post(CERTIFICATES, "cart-token", "[]"), 400, "request-unreadable");
    assertProblem(
        client.post(CERTIFICATES, "cart-token", "{\"csr\": 7}"), 400, "request-unreadable");
    assertProblem(
        client.post(CERTIFICATES, "cart-token", "x".repeat(33 * 1024)), 413, "body-too-large");
    assertProblem(client.post("/v2/anything", "cart-token", "{}"), 404, "not-found");
    assertProblem(
        client.send(HttpMethod.GET, CERTIFICATES, Map.of(), ""), 405, "method-not-allowed");
    assertProblem(
        client.send(HttpMethod.POST, CERTIFICATES, Map.of("Content-Type", "text/plain"), "x"),
        415,
        "media-type");
  }

  @Test
  void oneWhoAsksAgainAndAgainIsAskedToWait() {
    String csr = csr(CART, "10.0.0.7");
    ApiClient.Answer answer = request("cart-token", csr);
    for (int i = 0; i < 10 && answer.status() == 200; i++) {
      answer = request("cart-token", csr);
    }
    assertProblem(answer, 429, "too-many-requests");
    assertThat(Integer.parseInt(answer.headers().get("Retry-After"))).isBetween(1, 6);
  }

  private Server serve() {
    return Server.start(
        new ServeOptions(
            0,
            0,
            "podveil",
            "podveil-certs",
            "cluster.local",
            Duration.ofHours(24),
            new SignerOption.Local()),
        kubernetes.client(),
        InstantSource.system());
  }

  private String roots() {
    String encoded =
        kubernetes
            .client()
            .secrets()
            .inNamespace("podveil")
            .withName("podveil-ca")
            .get()
            .getData()
            .get("tls.crt");
    return new String(Base64.getDecoder().decode(encoded), StandardCharsets.US_ASCII);
  }

  private ApiClient.Answer request(String token, String csr) {
    return client.post(CERTIFICATES, token, new JsonObject().put("csr", csr).encode());
  }

  private String csr(SpiffeId id, String... addresses) {
    List<InetAddress> ips = List.of(addresses).stream().map(ServerTest::ip).toList();
    return SigningRequest.create(keys, Names.of(id, ips)).pem();
  }

  private static InetAddress ip(String literal) {
    return InetAddress.ofLiteral(literal);
  }

  private static void assertProblem(ApiClient.Answer answer, int status, String slug) {
    assertThat(answer.status()).as(answer.body()).isEqualTo(status);
    assertThat(answer.headers()).containsEntry("Content-Type", "application/problem+json");
    assertThat(answer.json().getString("type")).isEqualTo("urn:podveil:problem:" + slug);
    assertThat(answer.json().getInteger("status")).isEqualTo(status);
    assertThat(answer.json().getString("detail")).isNotBlank();
  }
}
