package io.podveil.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import io.podveil.sidecar.egress.OutboundMode;
import io.podveil.sidecar.probe.Checks;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the injector starts us with, as its golden files have it, is what we understand. */
final class StartContractTest {
  private static final Path CONTRACT = Path.of("../injector/src/test/resources/contract");

  /** What the kubelet puts in the place of the references. */
  private static final Map<String, String> DOWNWARD =
      Map.of(
          "PODVEIL_POD_NAME", "web-7f9c-x2x",
          "PODVEIL_POD_NAMESPACE", "shop",
          "PODVEIL_POD_UID", "0b9d7f2a-6d0c-4f7e-9e0f-2d1c3b4a5968",
          "PODVEIL_POD_IPS", "10.244.1.24,fd00:10:244:1::18",
          "PODVEIL_SERVICE_ACCOUNT", "web");

  @Test
  void theSidecarServesAsItIsTold() throws IOException {
    Configuration configuration =
        ((Invocation.Run) invocation("podveil", Map.of())).configuration();

    assertThat(configuration.credentials())
        .hasToString(
            "Service[certs=https://podveil-certs.podveil-system.svc:8443,"
                + " token=/var/run/secrets/podveil.io/token,"
                + " roots=/var/run/secrets/podveil.io/roots.pem]");
    assertThat(configuration.trustDomain()).isEqualTo("cluster.local");
    assertThat(configuration.inbound()).isEqualTo(Configuration.Inbound.PERMISSIVE);
    assertThat(configuration.outbound()).isEqualTo(OutboundMode.STRICT);
    assertThat(configuration.interception().listeners())
        .isEqualTo(new Configuration.Listeners(1, 2, 3));
    assertThat(configuration.interception().excludedInboundPorts()).hasToString("22,8000-8010");
    assertThat(configuration.logging().format()).isEqualTo(Configuration.LogFormat.JSON);
    assertThat(configuration.pod().inLog()).isEqualTo(" in pod shop/web-7f9c-x2x");
    assertThat(configuration.pod().addresses())
        .containsExactly(
            InetAddress.ofLiteral("10.244.1.24"), InetAddress.ofLiteral("fd00:10:244:1::18"));
    assertThat(configuration.checks()).isEqualTo(Checks.NONE);
  }

  @Test
  void itsStateNamesThePod() throws IOException {
    Configuration configuration =
        ((Invocation.Run) invocation("podveil", Map.of())).configuration();
    assertThat(configuration.pod().inState())
        .isEqualTo(
            new JsonObject()
                .put("namespace", "shop")
                .put("name", "web-7f9c-x2x")
                .put("uid", "0b9d7f2a-6d0c-4f7e-9e0f-2d1c3b4a5968")
                .put("serviceAccount", "web")
                .put("addresses", new JsonArray().add("10.244.1.24").add("fd00:10:244:1::18")));
  }

  @Test
  void theInitContainerSetsTheSameRulesAndWaitsForTheSidecar() throws IOException {
    Invocation.Capture capture = (Invocation.Capture) invocation("podveil-init", Map.of());
    Invocation.Run run = (Invocation.Run) invocation("podveil", Map.of());
    assertThat(capture.remove()).isFalse();
    assertThat(capture.await()).isEqualTo(Duration.ofMinutes(5));
    assertThat(capture.interception()).isEqualTo(run.configuration().interception());
  }

  @Test
  void itsChecksAreThoseOfThePod() throws IOException {
    String probes = Files.readString(CONTRACT.resolve("probes.json"));
    // As the injector writes it: on one line, without the dollar that the kubelet would look at.
    String words = new JsonObject(probes).encode().replace("$", "\\u0024");
    Invocation.Run run = (Invocation.Run) invocation("podveil", Map.of("PODVEIL_PROBES", words));
    assertThat(run.configuration().checks()).isEqualTo(Checks.parse(probes));
    assertThat(run.configuration().checks().byName())
        .hasSameSizeAs(new JsonObject(probes).fieldNames())
        .containsKey("web/post-start/secret");
  }

  @ParameterizedTest
  @ValueSource(strings = {"PODVEIL_OF_TOMORROW", "PODVEIL_PROBES_PORT", "PODVEIL_POD_ADDRESS"})
  void aVariableThatIsNoOptionDisturbsNobody(String variable) throws IOException {
    assertThat(invocation("podveil", Map.of(variable, "tcp://10.96.0.7:1")))
        .isInstanceOf(Invocation.Run.class);
  }

  /** A variable that is set in the container wins over those that Kubernetes makes of Services. */
  @ParameterizedTest
  @ValueSource(strings = {"podveil-init", "podveil"})
  void noServiceOfTheNamespaceCanNameAVariableOfOurs(String container) throws IOException {
    Pattern ofServices = Pattern.compile("PODVEIL_(.+_)?(SERVICE_HOST|PORT|PORT_.+)");
    List<String> atRisk =
        Options.ALL.stream()
            .map(Option::variable)
            .filter(variable -> ofServices.matcher(variable).matches())
            .toList();
    assertThat(atRisk).contains("PODVEIL_ADMIN_PORT");
    assertThat(start(container).getJsonObject("variables").fieldNames()).containsAll(atRisk);
  }

  @Test
  void aListOfChecksThatCannotBeReadIsOneClearLine() throws IOException {
    Invocation invocation =
        invocation(
            "podveil", Map.of("PODVEIL_PROBES", "{\"web/liveness\":{\"http\":{\"port\":80}}}"));
    assertThat(invocation)
        .isEqualTo(
            new Invocation.Invalid(
                "PODVEIL_PROBES in the environment: \"{\"web/liveness\":{\"http\":{\"port\":80}}}\""
                    + " is no list of checks (web/liveness has no scheme): allowed are JSON objects"
                    + " of container/kind with http, tcp or grpc in them"));
  }

  private static Invocation invocation(String container, Map<String, String> more)
      throws IOException {
    JsonObject start = start(container);
    Map<String, String> environment = new HashMap<>();
    start
        .getJsonObject("variables")
        .forEach(variable -> environment.put(variable.getKey(), variable.getValue().toString()));
    environment.forEach((name, value) -> {
      if (value.startsWith("(")) {
        assertThat(DOWNWARD).containsKey(name);
      }
    });
    environment.replaceAll(DOWNWARD::getOrDefault);
    environment.putAll(more);
    String[] arguments =
        start.getJsonArray("args").stream().map(String::valueOf).toArray(String[]::new);
    return Invocation.parse(arguments, environment);
  }

  private static JsonObject start(String container) throws IOException {
    return new JsonObject(Files.readString(CONTRACT.resolve("start.json")))
        .getJsonObject(container);
  }
}
