package io.podveil.injector.injection;

import static io.podveil.injector.injection.Pods.pod;
import static io.podveil.injector.injection.Pods.podOf;
import static org.assertj.core.api.Assertions.assertThat;

import io.podveil.injector.injection.Decision.Cause;
import io.podveil.injector.injection.Decision.Deny;
import io.podveil.injector.injection.Decision.Inject;
import io.podveil.injector.injection.Decision.Reason;
import io.podveil.injector.injection.Decision.Skip;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

class JudgeTest {
  private final Judge judge = Pods.judge();

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          kube-system    |                                                       |                                              | SYSTEM_NAMESPACE
          podveil-system |                                                       |                                              | SYSTEM_NAMESPACE
          shop           | "annotations": {"kubernetes.io/config.mirror": "abc"} |                                              | MIRROR_POD
          shop           |                                                       | "hostNetwork": true                          | HOST_NETWORK
          shop           |                                                       | "os": {"name": "windows"}                    | WINDOWS
          shop           |                                                       | "nodeSelector": {"kubernetes.io/os": "windows"} | WINDOWS
          shop           | "labels": {"podveil.io/inject": "false"}              |                                              | OPTED_OUT
          """)
  void leavesAloneWhatIsNotForIt(String namespace, String metadata, String spec, Reason reason) {
    assertThat(judge.decide(pod(orEmpty(metadata), orEmpty(spec)), namespace, Mode.STRICT))
        .isEqualTo(new Skip(reason));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
                                                      |
          "labels": {"podveil.io/inject": "true"}     |
          "labels": null, "annotations": null         | "initContainers": null, "volumes": null
          "name": "x"                                 | "hostNetwork": false
          "name": "x"                                 | "os": {"name": "linux"}
          "annotations": {"other.io/inbound": "what"} |
          """)
  void injectsIntoWhatIs(String metadata, String spec) {
    assertThat(judge.decide(pod(orEmpty(metadata), orEmpty(spec)), "shop", Mode.STRICT))
        .isInstanceOf(Inject.class);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          inbound                | of               | podveil.io/inbound is "of": allowed are strict, permissive
          inbound                | Strict           | podveil.io/inbound is "Strict": allowed are strict, permissive
          inbound                | ''               | podveil.io/inbound is "": allowed are strict, permissive
          outbound               | off              | podveil.io/outbound is "off": allowed are auto, strict
          exclude-inbound-ports  | 0                | podveil.io/exclude-inbound-ports is "0": allowed are ports from 1 to 65535 and ranges of them, as in 22,8000-8010
          exclude-inbound-ports  | 80;443           | podveil.io/exclude-inbound-ports is "80;443": allowed are ports from 1 to 65535 and ranges of them, as in 22,8000-8010
          exclude-outbound-ports | 65536            | podveil.io/exclude-outbound-ports is "65536": allowed are ports from 1 to 65535 and ranges of them, as in 22,8000-8010
          exclude-outbound-cidrs | 10.0.0.1/8       | podveil.io/exclude-outbound-cidrs is "10.0.0.1/8": allowed are networks and addresses, as in 10.0.0.0/8,fd00::/8
          log-format             | xml              | podveil.io/log-format is "xml": allowed are text, json
          cpu-request            | lots             | podveil.io/cpu-request is "lots": allowed are an amount of CPU such as 50m or 0.5
          memory-request         | 64m              | podveil.io/memory-request is "64m": allowed are an amount of memory such as 64Mi, at least 32Mi
          memory-limit           | 1                | podveil.io/memory-limit is "1": allowed are an amount of memory such as 64Mi, at least 32Mi
          rewrite-probes         | no               | podveil.io/rewrite-probes is "no": allowed are true, false
          memory-request         | 200Mi            | podveil.io/memory-request is "200Mi": allowed is at most 192Mi, the value of podveil.io/memory-limit
          cpu-limit              | 10m              | podveil.io/cpu-request is "50m": allowed is at most 10m, the value of podveil.io/cpu-limit
          inject                 | true             | podveil.io/inject is an annotation here: it is a label
          """)
  void refusesABadValueNamingAnnotationValueAndWhatIsAllowed(
      String name, String value, String message) {
    assertThat(judge.decide(annotated(name, value), "shop", Mode.STRICT))
        .isEqualTo(new Deny(Cause.SETTING, message));
  }

  @Test
  void refusesAnAnnotationThatItDoesNotKnowAndListsThoseThatItDoes() {
    assertThat(judge.decide(annotated("exclude-inbund-ports", "80"), "shop", Mode.STRICT))
        .isInstanceOfSatisfying(
            Deny.class,
            deny ->
                assertThat(deny.message())
                    .startsWith(
                        "podveil.io/exclude-inbund-ports is not an annotation of Podveil: allowed are")
                    .contains("podveil.io/exclude-inbound-ports"));
  }

  @Test
  void refusesALabelThatIsMeantAsAnAnnotation() {
    assertThat(
            judge.decide(
                pod("\"labels\": {\"podveil.io/inbound\": \"permissive\"}", ""),
                "shop",
                Mode.STRICT))
        .isEqualTo(
            new Deny(
                Cause.SETTING, "podveil.io/inbound is a label here: on a pod it is an annotation"));
  }

  @Test
  void refusesALabelThatMightHaveBeenMeantToOptOut() {
    assertThat(
            judge.decide(
                pod("\"labels\": {\"podveil.io/inject\": \"False\"}", ""), "shop", Mode.STRICT))
        .isEqualTo(
            new Deny(
                Cause.SETTING,
                "the label podveil.io/inject is \"False\": allowed are true, false"));
  }

  @Test
  void namesEverythingThatIsWrongAtOnce() {
    ObjectNode pod =
        pod("\"annotations\": {\"podveil.io/inbound\": \"x\", \"podveil.io/outbound\": \"y\"}", "");

    assertThat(judge.decide(pod, "shop", Mode.STRICT))
        .isInstanceOfSatisfying(
            Deny.class,
            deny ->
                assertThat(deny.message())
                    .contains("podveil.io/inbound is \"x\"", "podveil.io/outbound is \"y\""));
  }

  @Test
  void showsAHostileValueOnOneLineAndShort() {
    assertThat(judge.decide(annotated("inbound", "a\\nb" + "c".repeat(5000)), "shop", Mode.STRICT))
        .isInstanceOfSatisfying(
            Deny.class,
            deny ->
                assertThat(deny.message())
                    .hasSizeLessThan(250)
                    .doesNotContain("\n")
                    .contains("a?b"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"name": "podveil"}                                                        | NAME
          {"name": "podveil-init"}                                                   | NAME
          {"name": "a", "ports": [{"containerPort": 80}, {"containerPort": 1}]}      | PORT
          {"name": "a", "ports": [{"containerPort": 2, "protocol": "TCP"}]}          | PORT
          {"name": "a", "ports": [{"containerPort": 3}]}                             | PORT
          {"name": "a", "livenessProbe": {"httpGet": {"path": "/", "port": 3}}}      | PROBE
          {"name": "a", "readinessProbe": {"tcpSocket": {"port": "2"}}}              | PROBE
          {"name": "a", "startupProbe": {"grpc": {"port": 1}}}                       | PROBE
          {"name": "a", "livenessProbe": {"httpGet": {"path": "/probe/a/liveness", "port": 3}}} | PROBE
          """)
  void refusesAPodThatUsesWhatIsTheSidecars(String container, Cause cause) {
    assertThat(judge.decide(podOf(container), "shop", Mode.STRICT))
        .isInstanceOfSatisfying(Deny.class, deny -> assertThat(deny.cause()).isEqualTo(cause));
  }

  @Test
  void refusesAnInitContainerOrVolumeWithTheSidecarsName() {
    assertThat(
            judge.decide(
                pod("", "\"initContainers\": [{\"name\": \"podveil\"}]"), "shop", Mode.STRICT))
        .isEqualTo(
            new Deny(
                Cause.NAME,
                "a container is called podveil: that name is the sidecar's, rename the container"));
    assertThat(
            judge.decide(
                pod("", "\"volumes\": [{\"name\": \"podveil-tmp\"}]"), "shop", Mode.STRICT))
        .isEqualTo(
            new Deny(
                Cause.NAME,
                "a volume is called podveil-tmp: that name is the sidecar's, rename the volume"));
  }

  @Test
  void mindsPortsOfTcpOnly() {
    assertThat(
            judge.decide(
                podOf(
                    "{\"name\": \"a\", \"ports\": [{\"containerPort\": 1, \"protocol\": \"UDP\"}]}"),
                "shop",
                Mode.STRICT))
        .isInstanceOf(Inject.class);
  }

  @Test
  void asksNothingOfAPodThatItLeavesAlone() {
    ObjectNode pod =
        pod(
            "\"labels\": {\"podveil.io/inject\": \"false\"}, \"annotations\": {\"podveil.io/inbound\": \"what\"}",
            "\"initContainers\": [{\"name\": \"podveil\"}]");

    assertThat(judge.decide(pod, "shop", Mode.STRICT)).isEqualTo(new Skip(Reason.OPTED_OUT));
  }

  @ParameterizedTest
  @CsvSource({
    "STRICT,,strict",
    "PERMISSIVE,,permissive",
    "PERMISSIVE,strict,strict",
    "STRICT,permissive,permissive"
  })
  void takesInboundFromThePodBeforeTheNamespace(Mode mode, String annotation, String expected) {
    ObjectNode pod = annotation == null ? pod("", "") : annotated("inbound", annotation);

    assertThat(judge.decide(pod, "shop", mode))
        .isInstanceOfSatisfying(
            Inject.class,
            inject -> assertThat(variable(inject.patch(), "PODVEIL_INBOUND")).isEqualTo(expected));
  }

  private static String variable(JsonNode patch, String name) {
    return patch.findValues("env").stream()
        .flatMap(JsonNode::valueStream)
        .filter(variable -> variable.path("name").stringValue("").equals(name))
        .map(variable -> variable.path("value").stringValue(""))
        .findFirst()
        .orElse("");
  }

  private static ObjectNode annotated(String name, String value) {
    return pod("\"annotations\": {\"podveil.io/%s\": \"%s\"}".formatted(name, value), "");
  }

  private static String orEmpty(String text) {
    return text == null ? "" : text;
  }
}
