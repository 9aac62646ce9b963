package io.podveil.sidecar;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.podveil.sidecar.testbed.Family;
import io.podveil.sidecar.testbed.Mesh;
import io.podveil.sidecar.testbed.MeshedPod;
import io.podveil.sidecar.testbed.MetricsText;
import io.podveil.sidecar.testbed.Pod;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What operators see of a sidecar: its health, its metrics, its state, its log. */
@Timeout(90)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class AdminIT {
  private Mesh mesh;
  private MeshedPod cart;
  private MeshedPod web;
  private Pod stranger;
  private ServerSocket app;

  @BeforeAll
  void lay() throws Exception {
    mesh = Mesh.lay();
    cart = mesh.pod("cart", "-v", "1");
    web = mesh.pod("web", "-v", "1", "--log-format", "json");
    stranger = mesh.plainPod();
    app = web.namespace().call(() -> new ServerSocket(8000, 50));
    app.setSoTimeout(15_000);
  }

  @AfterAll
  void close() throws IOException {
    app.close();
    mesh.close();
  }

  @ParameterizedTest
  @EnumSource
  void healthAndMetricsAnswerFromOutsideToo(Family family) {
    assertThat(fromOutside(family, "/livez")).isEqualTo("alive\n200");
    assertThat(fromOutside(family, "/readyz")).isEqualTo("ready\n200");
    assertThat(fromOutside(family, "/metrics")).contains("podveil_build_info").endsWith("200");
    assertThat(fromOutside(family, "/etc/passwd")).endsWith("404");
  }

  @ParameterizedTest
  @EnumSource
  void theStateOfThingsIsNotShownOutside(Family family) {
    assertThat(fromOutside(family, "/state"))
        .isEqualTo("the state of things is shown inside the pod only\n403");
  }

  @ParameterizedTest
  @ValueSource(strings = {"127.0.0.1", "[::1]", "10.77.0.2", "[fd77::2]"})
  void theStateOfThingsIsShownInsideThePod(String address) throws Exception {
    try (Socket client = cart.namespace().call(() -> new Socket(web.address(Family.V4), 8000));
        Socket accepted = app.accept()) {
      JsonObject state =
          new JsonObject(
              cart.namespace().run("curl", "-sg", "-m", "10", "http://" + address + ":3/state"));
      assertThat(state.getJsonObject("certificate").getString("id"))
          .isEqualTo("spiffe://cluster.local/ns/shop/sa/cart");
      assertThat(state.getJsonObject("certificate").getJsonArray("addresses"))
          .isEqualTo(new JsonArray(List.of("10.77.0.2", "fd77::2")));
      assertThat(state.getJsonObject("rules").getString("inbound")).isEqualTo("strict");
      assertThat(state.getJsonArray("connections").stream())
          .anySatisfy(connection ->
              assertThat(((JsonObject) connection).getString("client"))
                  .isEqualTo("10.77.0.2:" + client.getLocalPort()));
      assertThat(accepted.isConnected()).isTrue();
    }
  }

  @Test
  void onlyReadingIsPossible() {
    assertThat(
            cart.namespace()
                .run("curl", "-s", "-m", "10", "-X", "POST", "http://127.0.0.1:3/state"))
        .isEqualTo("only GET and HEAD\n");
  }

  @Test
  void withoutRulesItIsNotReadyAndSaysWhy() {
    String rules = web.namespace().run("nft", "list", "table", "inet", "podveil");
    assertThat(web.capture("--remove")).contains("removed");
    awaitReadyz(
        web, "not ready: the capture rules are not in force for IPv4; run 'podveil-sidecar");
    assertThat(web.namespace().run("nft", "list", "ruleset")).isEmpty();
    assertThat(web.namespace().run("ip", "rule")).doesNotContain("fwmark");

    assertThat(web.capture()).contains("in force");
    awaitReadyz(web, "ready\n");
    assertThat(web.namespace().run("nft", "list", "table", "inet", "podveil")).isEqualTo(rules);

    web.namespace().run("nft", "delete", "table", "inet", "podveil");
    awaitReadyz(web, "not ready: the capture rules are not in force");
    web.capture();
    awaitReadyz(web, "ready\n");
  }

  @Test
  void capturingTwiceIsCapturingOnce() {
    List<String> before = captured(cart);
    assertThat(cart.capture()).contains("in force");
    assertThat(captured(cart)).isEqualTo(before);
  }

  @Test
  void metricsAreWellFormedAndTheirLabelsBounded() throws Exception {
    converse("some bytes");
    MetricsText metrics = MetricsText.parse(cart.get("/metrics"));
    assertThat(metrics.families())
        .containsExactlyInAnyOrder(
            "podveil_connections_total",
            "podveil_connections_open",
            "podveil_bytes_total",
            "podveil_handshakes_in_progress",
            "podveil_connect_seconds",
            "podveil_handshake_seconds",
            "podveil_reused_total",
            "podveil_source_port_fallbacks_total",
            "podveil_accept_pauses_total",
            "podveil_certificate_reloads_refused_total",
            "podveil_certificate_expiry_timestamp_seconds",
            "podveil_build_info");
    assertThat(metrics.labels())
        .containsExactlyInAnyOrder("direction", "outcome", "flow", "le", "version");
    assertThat(metrics.values("direction")).containsExactlyInAnyOrder("egress", "ingress");
    assertThat(metrics.values("flow")).containsExactlyInAnyOrder("up", "down");
    assertThat(metrics.values("outcome")).allMatch(o -> o.matches("[a-z_]{1,40}"));
    assertThat(metrics.values("version")).hasSize(1);
  }

  @Test
  void jsonLinesHaveTheFieldsOfTheTextLines() throws Exception {
    int port = converse("some bytes");
    String line = web.sidecar().await("\"client\":\"10.77.0.2:%d\".*\"outcome\":".formatted(port));
    JsonObject fields = new JsonObject(line);
    assertThat(fields.fieldNames())
        .containsExactly(
            "time",
            "direction",
            "client",
            "destination",
            "self",
            "peer",
            "protocol",
            "up",
            "down",
            "milliseconds",
            "id",
            "outcome",
            "why");
    assertThat(fields.getString("destination")).isEqualTo("10.77.0.3:8000");
    assertThat(fields.getString("self")).isEqualTo("ns/shop/sa/web");
    assertThat(fields.getString("peer")).isEqualTo("ns/shop/sa/cart");
    assertThat(fields.getString("protocol")).isEqualTo("mtls TLSv1.3");
    assertThat(fields.getLong("up")).isEqualTo(10);
    assertThat(fields.getString("outcome")).isEqualTo("completed");
    assertThat(cart.sidecar().await("id=" + fields.getString("id"))).contains("10.77.0.2:" + port);
    // Whoever reads it reads all of it as JSON.
    assertThat(web.sidecar().lines())
        .filteredOn(each -> !each.startsWith("SLF4J"))
        .allSatisfy(each -> assertThat(new JsonObject(each)).isNotNull());
  }

  @Test
  void verboseShowsTheStartAndTheDial() throws Exception {
    int port = converse("some bytes");
    cart.sidecar().await("egress  10.77.0.2:%d -> 10.77.0.3:8000 started".formatted(port));
    cart.sidecar()
        .await("egress (dials|goes on to) 10.77.0.3:8000 for 10.77.0.2:%d".formatted(port));
    web.sidecar().await("ingress dials 10.77.0.3:8000 as 10.77.0.2:%d".formatted(port));
  }

  @Test
  void nothingThatIsSaidHoldsTheKey() throws Exception {
    converse("some bytes");
    List<String> key =
        Files.readAllLines(cart.directory().resolve("key.pem")).stream()
            .filter(line -> !line.startsWith("-----"))
            .map(line -> line.substring(0, 16))
            .toList();
    Stream.concat(
            cart.sidecar().lines().stream(), Stream.of(cart.get("/state"), cart.get("/metrics")))
        .forEach(said -> assertThat(said).doesNotContain(key).doesNotContain("PRIVATE"));
  }

  @Test
  void twoCapabilitiesAreEnoughToServe() throws Exception {
    cart.sidecar().close();
    cart.startWithoutCapture(
        "setpriv", "--inh-caps=-all", "--bounding-set=-all,+net_raw,+net_bind_service");
    assertThat(Files.readString(Path.of("/proc/" + cart.sidecar().pid() + "/status")))
        .containsPattern("CapEff:\\s+0000000000002400");
    awaitReadyz(cart, "ready\n");
    converse("with little power");
  }

  /** Returns the client's port. */
  private int converse(String text) throws Exception {
    InetAddress to = web.address(Family.V4);
    try (Socket client = cart.namespace().call(() -> new Socket(to, 8000))) {
      client.setSoTimeout(15_000);
      client.getOutputStream().write(text.getBytes(UTF_8));
      client.shutdownOutput();
      try (Socket accepted = app.accept()) {
        assertThat(accepted.getInputStream().readAllBytes()).asString(UTF_8).isEqualTo(text);
      }
      assertThat(client.getInputStream().read()).isEqualTo(-1);
      cart.sidecar().await("egress  10.77.0.2:%d .* mtls".formatted(client.getLocalPort()));
      return client.getLocalPort();
    }
  }

  /** Body and status. */
  private String fromOutside(Family family, String path) {
    String host =
        family == Family.V4
            ? web.address(family).getHostAddress()
            : "[" + web.address(family).getHostAddress() + "]";
    return stranger
        .namespace()
        .run("curl", "-sg", "-m", "10", "-w", "%{http_code}", "http://" + host + ":3" + path);
  }

  private static List<String> captured(MeshedPod pod) {
    return List.of(
        pod.namespace().run("nft", "list", "ruleset"),
        pod.namespace().run("ip", "rule"),
        pod.namespace().run("ip", "-6", "rule"),
        pod.namespace().run("ip", "route", "show", "table", "100"));
  }

  private static void awaitReadyz(MeshedPod pod, String answer) {
    await()
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(() -> assertThat(pod.get("/readyz")).startsWith(answer));
  }
}
