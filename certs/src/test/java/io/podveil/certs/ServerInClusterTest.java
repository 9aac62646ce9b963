package io.podveil.certs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.podveil.certs.ServeOptions.SignerOption;
import io.podveil.certs.authority.LiveRotation;
import io.podveil.certs.authority.Rotation;
import io.podveil.certs.authority.TrustConfigMaps;
import io.podveil.certs.signer.LocalSigner;
import io.podveil.certs.signer.SignerException;
import io.podveil.certs.signer.SpiffeId;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The server among what else is in the cluster: its Secret, ConfigMaps, other replicas, peers. */
final class ServerInClusterTest {
  private static final String QUESTION = "{\"addresses\":[\"10.0.0.7:80\"]}";
  private static final SpiffeId CART = SpiffeId.ofServiceAccount("cluster.local", "shop", "cart");

  private final FakeKubernetes kubernetes = new FakeKubernetes();

  @AfterEach
  void stop() {
    kubernetes.close();
  }

  @Test
  void twoReplicasShareOneAuthorityAndARestartKeepsIt() {
    String roots;
    try (Server _ = serve();
        Server _ = serve()) {
      roots = rootsInSecret();
    }
    try (Server _ = serve()) {
      assertThat(rootsInSecret()).isEqualTo(roots);
    }
  }

  @Test
  void anAuthorityThatCannotBeUsedStopsTheStartAndIsLeftAlone() {
    LocalSigner one = LocalSigner.create("cluster.local", InstantSource.system());
    LocalSigner two = LocalSigner.create("cluster.local", InstantSource.system());
    LocalSigner foreign = LocalSigner.create("elsewhere", InstantSource.system());
    assertRefused(Map.of(), "no entry 'tls.crt'");
    assertRefused(Map.of("tls.crt", "garbage", "tls.key", one.keyPem()), "no readable certificate");
    assertRefused(
        Map.of("tls.crt", one.certificatePem(), "tls.key", two.keyPem()), "belong together");
    assertRefused(
        Map.of("tls.crt", foreign.certificatePem(), "tls.key", foreign.keyPem()), "elsewhere");
  }

  @Test
  void aSecretThatIsDeletedIsWrittenAgainAsItWas() {
    try (Server _ = serve()) {
      String roots = rootsInSecret();
      kubernetes.client().secrets().inNamespace("podveil").withName("podveil-ca").delete();
      await().until(() -> secret() != null);
      assertThat(rootsInSecret()).isEqualTo(roots);
    }
  }

  @Test
  void everyNamespaceThatTakesPartIsToldWhomToTrust() {
    kubernetes.namespace("shop", Map.of("podveil.io/injection", "enabled"));
    kubernetes.namespace("other", Map.of());
    try (Server _ = serve()) {
      await().until(() -> rootsInConfigMap("shop"), rootsInSecret()::equals);

      kubernetes.client().configMaps().inNamespace("shop").withName("podveil-trust").delete();
      await().until(() -> rootsInConfigMap("shop"), rootsInSecret()::equals);

      kubernetes
          .client()
          .configMaps()
          .inNamespace("shop")
          .withName("podveil-trust")
          .edit(map -> new ConfigMapBuilder(map).withData(Map.of("roots.pem", "x")).build());
      await().until(() -> rootsInConfigMap("shop"), rootsInSecret()::equals);

      kubernetes.namespace("late", Map.of("podveil.io/injection", "enabled"));
      await().until(() -> rootsInConfigMap("late"), rootsInSecret()::equals);
      assertThat(rootsInConfigMap("other")).isEmpty();

      kubernetes.meshedPod("other", "volunteer", "volunteer-1", "10.0.0.9");
      await().until(() -> rootsInConfigMap("other"), rootsInSecret()::equals);
    }
  }

  @Test
  void aLiveInstallationGoesFromOneRootToTheNext() {
    kubernetes.namespace("shop", Map.of("podveil.io/injection", "enabled"));
    try (Server server = serve();
        ApiClient old = ApiClient.plain(server.port(), rootsInSecret())) {
      String first = rootsInSecret();
      await().until(() -> rootsInConfigMap("shop"), first::equals);

      assertThat(rotation(0).take(Rotation.Step.ADD)).contains("--stage activate");
      assertThatThrownBy(() -> rotation(0).take(Rotation.Step.ACTIVATE))
          .hasMessageContaining("not every sidecar");
      await()
          .atMost(Duration.ofSeconds(45))
          .until(() -> rootsInConfigMap("shop").length() > first.length());
      assertThat(rotation(1).take(Rotation.Step.ACTIVATE)).contains("--stage remove");
      assertThat(rootsInSecret()).isNotEqualTo(first);
      assertThat(old.post("/v1/peers", "", QUESTION).status()).isEqualTo(401);
      assertThatThrownBy(() -> rotation(2).take(Rotation.Step.REMOVE))
          .hasMessageContaining("may be in use until");
      assertThat(rotation(30).take(Rotation.Step.REMOVE)).contains("forgotten");
      await()
          .atMost(Duration.ofSeconds(45))
          .until(() -> rootsInConfigMap("shop"), rootsInSecret()::equals);
    }
  }

  private LiveRotation rotation(int hoursAhead) {
    Instant then = Instant.now().plus(Duration.ofHours(hoursAhead));
    return new LiveRotation(
        kubernetes.client(),
        "podveil",
        "cluster.local",
        Duration.ofHours(24),
        InstantSource.fixed(then));
  }

  @Test
  void aMeshCertificateOrATokenOpensThePeersAndNothingElseDoes() {
    Pod cart = kubernetes.meshedPod("shop", "cart", "cart-1", "10.0.0.7");
    kubernetes.accept("cart-token", cart);
    LocalSigner stranger = LocalSigner.create("cluster.local", InstantSource.system());
    List<InetAddress> address = List.of(InetAddress.ofLiteral("10.0.0.7"));
    try (Server server = serve();
        ApiClient bare = ApiClient.plain(server.port(), rootsInSecret());
        ApiClient member =
            ApiClient.as(
                server.port(),
                rootsInSecret(),
                authority().issue(CART, address, Duration.ofHours(1)));
        ApiClient impostor =
            ApiClient.as(
                server.port(),
                rootsInSecret(),
                stranger.issue(CART, address, Duration.ofHours(1)))) {
      await().until(() -> member.post("/v1/peers", "", QUESTION).body().contains("sa/cart"));
      assertThat(bare.post("/v1/peers", "cart-token", QUESTION).body()).contains("sa/cart");
      assertThat(bare.post("/v1/peers", "", QUESTION).status()).isEqualTo(401);
      assertThat(bare.post("/v1/peers", "other", QUESTION).status()).isEqualTo(401);
      assertThatThrownBy(() -> impostor.post("/v1/peers", "", QUESTION)).isNotNull();
    }
  }

  @Test
  void tellsItsHealthAndCounts() throws Exception {
    try (Server server = serve()) {
      await().until(() -> admin(server, "/readyz").statusCode() == 200);
      assertThat(admin(server, "/livez").body()).isEqualTo("ok\n");
      try (ApiClient client = ApiClient.plain(server.port(), rootsInSecret())) {
        assertThat(client.post("/v1/certificates", "", "{}").status()).isEqualTo(401);
      }
      assertThat(admin(server, "/metrics").body())
          .contains("podveil_certs_requests_seconds_count")
          .contains("outcome=\"token-missing\"")
          .contains("podveil_certs_serving_certificate_expiry_seconds");
    }
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

  private void assertRefused(Map<String, String> data, String why) {
    var secret =
        new SecretBuilder()
            .withNewMetadata()
            .withNamespace("podveil")
            .withName("podveil-ca")
            .endMetadata()
            .withData(new HashMap<>())
            .build();
    data.forEach((key, value) -> secret.getData().put(key, base64(value)));
    kubernetes.client().secrets().resource(secret).create();
    assertThatThrownBy(this::serve)
        .isInstanceOf(SignerException.class)
        .hasMessageContaining("Secret podveil/podveil-ca cannot be used")
        .hasMessageContaining(why);
    Secret after = secret();
    assertThat(after == null ? null : after.getData()).isEqualTo(secret.getData());
    kubernetes.client().secrets().inNamespace("podveil").withName("podveil-ca").delete();
  }

  private LocalSigner authority() {
    return LocalSigner.load(entry("tls.crt"), entry("tls.key"), InstantSource.system());
  }

  private String rootsInSecret() {
    return entry("tls.crt");
  }

  private String entry(String key) {
    Secret secret = secret();
    return secret == null
        ? ""
        : new String(
            Base64.getDecoder().decode(secret.getData().get(key)), StandardCharsets.US_ASCII);
  }

  private @Nullable Secret secret() {
    return kubernetes.client().secrets().inNamespace("podveil").withName("podveil-ca").get();
  }

  private String rootsInConfigMap(String namespace) {
    ConfigMap map =
        kubernetes
            .client()
            .configMaps()
            .inNamespace(namespace)
            .withName(TrustConfigMaps.NAME)
            .get();
    return map == null ? "" : map.getData().getOrDefault(TrustConfigMaps.KEY, "");
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.US_ASCII));
  }

  private static HttpResponse<String> admin(Server server, String path) throws Exception {
    URI uri = URI.create("http://localhost:" + server.adminPort() + path);
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString());
    }
  }
}
