package io.podveil.injector.injection;

import static io.podveil.injector.injection.Pods.injected;
import static io.podveil.injector.injection.Pods.pod;
import static io.podveil.injector.injection.Pods.podOf;
import static org.assertj.core.api.Assertions.assertThat;

import io.podveil.injector.injection.Decision.Reason;
import io.podveil.injector.injection.Decision.Skip;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

class InjectionTest {
  private final Judge judge = Pods.judge();

  @Test
  void putsItsContainersBeforeThePodsOwn() {
    ObjectNode pod =
        injected(pod("", "\"initContainers\": [{\"name\": \"first\"}, {\"name\": \"second\"}]"));

    assertThat(names(pod.at("/spec/initContainers")))
        .containsExactly("podveil", "podveil-init", "first", "second");
    assertThat(pod.at("/spec/initContainers/0/restartPolicy").stringValue()).isEqualTo("Always");
    assertThat(pod.at("/spec/initContainers/0").has("startupProbe")).isFalse();
  }

  @Test
  void changesNothingWhenAskedAgain() {
    ObjectNode pod =
        injected(podOf("{\"name\": \"a\", \"livenessProbe\": {\"tcpSocket\": {\"port\": 80}}}"));

    assertThat(judge.decide(pod, "shop", Mode.STRICT)).isEqualTo(new Skip(Reason.ALREADY_INJECTED));
  }

  @Test
  void keepsWhatAnotherWebhookDidToItsContainers() {
    ObjectNode pod = injected(pod("", ""));
    sidecar(pod).put("image", "mirror.example/podveil-sidecar:0.0.0-test");
    ((ArrayNode) sidecar(pod).path("env"))
        .addObject()
        .put("name", "HTTPS_PROXY")
        .put("value", "none");

    assertThat(judge.decide(pod, "shop", Mode.STRICT)).isEqualTo(new Skip(Reason.ALREADY_INJECTED));
  }

  @Test
  void comesFirstAgainWhenAnotherWebhookPutAContainerBeforeIt() {
    ObjectNode pod = injected(pod("", ""));
    ((ArrayNode) pod.at("/spec/initContainers")).insertObject(0).put("name", "theirs");
    sidecar(pod, 1).put("image", "mirror.example/podveil-sidecar:0.0.0-test");

    ObjectNode again = injected(pod);

    assertThat(names(again.at("/spec/initContainers")))
        .containsExactly("podveil", "podveil-init", "theirs");
    assertThat(sidecar(again).path("image").stringValue()).startsWith("mirror.example/");
  }

  @Test
  void leadsTheProbesOfAContainerThatAnotherWebhookAddedThroughTheSidecarToo() {
    ObjectNode pod =
        injected(podOf("{\"name\": \"a\", \"livenessProbe\": {\"tcpSocket\": {\"port\": 80}}}"));
    ((ArrayNode) pod.at("/spec/containers"))
        .add(pod("{\"name\": \"b\", \"readinessProbe\": {\"grpc\": {\"port\": 90}}}"));

    ObjectNode again = injected(pod);

    assertThat(probes(again).propertyNames()).containsExactly("a/liveness", "b/readiness");
    assertThat(again.at("/spec/containers/1/readinessProbe/httpGet/path").stringValue())
        .isEqualTo("/probe/b/readiness");
    assertThat(judge.decide(again, "shop", Mode.STRICT))
        .isEqualTo(new Skip(Reason.ALREADY_INJECTED));
  }

  @Test
  void renewsWhatAnotherVersionPutIntoThePodThatThisOneIsACopyOf() {
    ObjectNode pod =
        injected(podOf("{\"name\": \"a\", \"livenessProbe\": {\"tcpSocket\": {\"port\": 80}}}"));
    Judge next =
        Pods.judge(
            new Addition.Installation(
                "1",
                "podveil-sidecar:1",
                "Never",
                "https://elsewhere:8443",
                "cluster.local",
                Optional.empty()));

    ObjectNode renewed = injected(next, pod);

    assertThat(sidecar(renewed).path("image").stringValue()).isEqualTo("podveil-sidecar:1");
    assertThat(probes(renewed).propertyNames()).containsExactly("a/liveness");
    assertThat(names(renewed.at("/spec/initContainers")))
        .containsExactly("podveil", "podveil-init");
    assertThat(names(renewed.at("/spec/volumes"))).doesNotHaveDuplicates();
    assertThat(next.decide(renewed, "shop", Mode.STRICT))
        .isEqualTo(new Skip(Reason.ALREADY_INJECTED));
  }

  @Test
  void readsProbesAsTheKubeletDoes() {
    ObjectNode pod =
        injected(
            podOf(
                """
                {"name": "a",
                 "ports": [{"name": "web", "containerPort": 8080}, {"name": "9", "containerPort": 9090}],
                 "livenessProbe": {"httpGet": {"port": "web", "scheme": "HTTPS", "path": "/x?y=$(HOME)",
                                   "httpHeaders": [{"name": "Host", "value": "shop.example"}]},
                                   "timeoutSeconds": 7, "periodSeconds": 3, "terminationGracePeriodSeconds": 4},
                 "readinessProbe": {"tcpSocket": {"port": "9"}},
                 "startupProbe": {"grpc": {"port": 70, "service": "cart"}}}
                """));

    assertThat(probes(pod))
        .isEqualTo(
            pod(
                """
                {"a/liveness": {"http": {"scheme": "HTTPS", "port": 8080, "path": "/x?y=$(HOME)",
                                "headers": [{"name": "Host", "value": "shop.example"}]}, "timeoutSeconds": 7},
                 "a/readiness": {"tcp": {"port": 9090}, "timeoutSeconds": 1},
                 "a/startup": {"grpc": {"port": 70, "service": "cart"}, "timeoutSeconds": 1}}
                """));
    assertThat(pod.at("/spec/containers/0/livenessProbe"))
        .isEqualTo(
            pod(
                """
                {"httpGet": {"path": "/probe/a/liveness", "port": 3, "scheme": "HTTP"},
                 "timeoutSeconds": 7, "periodSeconds": 3, "terminationGracePeriodSeconds": 4}
                """));
  }

  @Test
  void writesProbesWithoutWhatTheKubeletWouldExpand() {
    ObjectNode pod =
        injected(
            podOf(
                "{\"name\": \"a\", \"livenessProbe\": {\"httpGet\": {\"port\": 80, \"path\": \"/$(HOME)$$\"}}}"));

    assertThat(probesText(pod)).doesNotContain("$");
    assertThat(probes(pod).at("/a~1liveness/http/path").stringValue()).isEqualTo("/$(HOME)$$");
  }

  @Test
  void leadsHooksThroughTheSidecar() {
    ObjectNode pod =
        injected(
            podOf(
                """
                {"name": "a", "lifecycle": {
                  "postStart": {"httpGet": {"port": 80, "path": "/up"}},
                  "preStop": {"httpGet": {"port": 80, "path": "/down"}}}}
                """));

    assertThat(probes(pod).propertyNames())
        .containsExactly("a/post-start/secret", "a/pre-stop/secret");
    assertThat(probes(pod).at("/a~1pre-stop~1secret").has("timeoutSeconds")).isFalse();
    assertThat(pod.at("/spec/containers/0/lifecycle/preStop/httpGet/path").stringValue())
        .isEqualTo("/probe/a/pre-stop/secret");
    assertThat(judge.decide(pod, "shop", Mode.STRICT)).isEqualTo(new Skip(Reason.ALREADY_INJECTED));
  }

  @Test
  void leavesAloneWhatDoesNotComeToThePodOverTheNetwork() {
    ObjectNode container =
        pod(
            """
            {"name": "a",
             "livenessProbe": {"exec": {"command": ["true"]}},
             "readinessProbe": {"httpGet": {"host": "elsewhere.example", "port": 80}},
             "startupProbe": {"httpGet": {"port": "no-such-name"}},
             "lifecycle": {"postStart": {"exec": {"command": ["true"]}}, "preStop": {"sleep": {"seconds": 1}}}}
            """);

    ObjectNode pod = injected(podOf(container.toString()));

    assertThat(pod.at("/spec/containers/0")).isEqualTo(container);
    assertThat(probesText(pod)).isEmpty();
  }

  @Test
  void leavesProbesAloneWhenAskedTo() {
    String container = "{\"name\": \"web\", \"livenessProbe\": {\"tcpSocket\": {\"port\": 80}}}";
    ObjectNode pod = pod("\"annotations\": {\"podveil.io/rewrite-probes\": \"false\"}", "");
    ((ArrayNode) pod.at("/spec/containers")).set(0, pod(container));

    assertThat(injected(pod).at("/spec/containers/0")).isEqualTo(pod(container));
  }

  @Test
  void leadsTheProbesOfAnotherNativeSidecarThroughIts() {
    ObjectNode pod =
        injected(
            pod(
                "",
                """
                "initContainers": [{"name": "proxy", "restartPolicy": "Always",
                                    "startupProbe": {"httpGet": {"port": 80}}}]
                """));

    assertThat(pod.at("/spec/initContainers/2/startupProbe/httpGet/path").stringValue())
        .isEqualTo("/probe/proxy/startup");
    assertThat(probes(pod).propertyNames()).containsExactly("proxy/startup");
  }

  @Test
  void isNotFooledByAForgedStamp() {
    ObjectNode pod = injected(pod("", ""));
    ((ArrayNode) pod.at("/spec/containers"))
        .add(
            pod(
                "{\"name\": \"b\", \"livenessProbe\": {\"httpGet\": {\"path\": \"/probe/b/liveness\", \"port\": 3}}}"));

    assertThat(judge.decide(pod, "shop", Mode.STRICT)).isInstanceOf(Decision.Deny.class);
  }

  @Test
  void isNotFooledByTheNameOfAHookWithoutItsSecret() {
    ObjectNode pod = injected(podOf(stoppedAt("80", "/down")));
    ((ArrayNode) pod.at("/spec/containers")).set(0, pod(stoppedAt("3", "/probe/a/pre-stop")));

    assertThat(judge.decide(pod, "shop", Mode.STRICT)).isInstanceOf(Decision.Deny.class);
  }

  private static String stoppedAt(String port, String path) {
    return "{\"name\": \"a\", \"lifecycle\": {\"preStop\": {\"httpGet\": {\"port\": %s, \"path\": \"%s\"}}}}"
        .formatted(port, path);
  }

  private static Iterable<String> names(JsonNode list) {
    return list.valueStream().map(element -> element.path("name").stringValue()).toList();
  }

  private static ObjectNode sidecar(ObjectNode pod) {
    return sidecar(pod, 0);
  }

  private static ObjectNode sidecar(ObjectNode pod, int index) {
    return (ObjectNode) pod.at("/spec/initContainers/" + index);
  }

  private static String probesText(ObjectNode pod) {
    return sidecar(pod)
        .path("env")
        .valueStream()
        .filter(variable -> variable.path("name").stringValue().equals("PODVEIL_PROBES"))
        .map(variable -> variable.path("value").stringValue())
        .findFirst()
        .orElse("");
  }

  private static JsonNode probes(ObjectNode pod) {
    return JsonMapper.shared().readTree(probesText(pod));
  }
}
