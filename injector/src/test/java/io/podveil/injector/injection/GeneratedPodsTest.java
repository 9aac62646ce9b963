package io.podveil.injector.injection;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import io.podveil.injector.injection.Decision.Reason;
import io.podveil.injector.injection.Decision.Skip;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Ten thousand pods: the patch applies, asks for nothing twice, makes a pod that is valid, and
 * loses nothing.
 */
class GeneratedPodsTest {
  private static final int PODS = 10_000;
  private static final ObjectMapper MODEL =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

  private final Judge judge = Pods.judge();

  @Test
  void areInjectedValidlyOnceAndWithoutLoss() {
    PodGenerator generator = new PodGenerator(new SplittableRandom(42));
    for (int i = 0; i < PODS; i++) {
      ObjectNode pod = generator.pod("pod-" + i);

      ObjectNode patched = Pods.injected(judge, pod);

      assertValid(patched);
      assertThat(judge.decide(patched, "shop", Mode.STRICT))
          .isEqualTo(new Skip(Reason.ALREADY_INJECTED));
      assertThat(withoutAdditions(patched, pod)).isEqualTo(normal(pod));
    }
  }

  private static void assertValid(ObjectNode patched) {
    Pod pod = inModel(patched);
    List<Container> inits = pod.getSpec().getInitContainers();
    assertThat(inits.get(0).getName()).isEqualTo("podveil");
    assertThat(inits.get(1).getName()).isEqualTo("podveil-init");
    List<Container> all =
        Stream.concat(inits.stream(), pod.getSpec().getContainers().stream()).toList();
    Set<String> volumes = distinct(pod.getSpec().getVolumes(), Volume::getName);
    distinct(all, Container::getName);
    for (Container container : all) {
      distinct(container.getEnv(), EnvVar::getName);
      container.getVolumeMounts().forEach(mount -> assertThat(volumes).contains(mount.getName()));
    }
    assertThat(pod.getMetadata().getLabels()).containsEntry("podveil.io/injected", "true");
    assertThat(pod.getMetadata().getAnnotations()).containsKey("podveil.io/injected-by");
  }

  private static <T> Set<String> distinct(List<T> things, Function<T, String> name) {
    Set<String> names = things.stream().map(name).collect(Collectors.toSet());
    assertThat(names).hasSize(things.size());
    return names;
  }

  private static Pod inModel(ObjectNode pod) {
    try {
      return MODEL.readValue(pod.toString(), Pod.class);
    } catch (JsonProcessingException e) {
      throw new AssertionError(pod.toString(), e);
    }
  }

  /**
   * The patched pod with everything taken away again; probes go back to what the original pod had.
   */
  private static ObjectNode withoutAdditions(ObjectNode patched, ObjectNode original) {
    ObjectNode pod = patched.deepCopy();
    ArrayNode inits = (ArrayNode) pod.at("/spec/initContainers");
    inits.remove(1);
    inits.remove(0);
    for (String list : List.of("initContainers", "containers")) {
      for (int i = 0; i < pod.at("/spec/" + list).size(); i++) {
        restoreChecks(
            (ObjectNode) pod.at("/spec/" + list + "/" + i), original.at("/spec/" + list + "/" + i));
      }
    }
    ArrayNode volumes = (ArrayNode) pod.at("/spec/volumes");
    for (int i = volumes.size() - 1; i >= 0; i--) {
      if (volumes.get(i).path("name").stringValue().startsWith("podveil-")) {
        volumes.remove(i);
      }
    }
    ((ObjectNode) pod.at("/metadata/labels")).remove("podveil.io/injected");
    ((ObjectNode) pod.at("/metadata/annotations")).remove("podveil.io/injected-by");
    return normal(pod);
  }

  private static void restoreChecks(ObjectNode container, JsonNode original) {
    for (String place : List.of("livenessProbe", "readinessProbe", "startupProbe")) {
      restore(container.path(place), original.path(place));
    }
    for (String place : List.of("postStart", "preStop")) {
      restore(container.path("lifecycle").path(place), original.path("lifecycle").path(place));
    }
  }

  private static void restore(JsonNode check, JsonNode original) {
    if (check.at("/httpGet/path").stringValue("").startsWith("/probe/")) {
      ObjectNode restored = (ObjectNode) check;
      restored.remove("httpGet");
      for (Map.Entry<String, JsonNode> member : original.properties()) {
        if (List.of("httpGet", "tcpSocket", "grpc").contains(member.getKey())) {
          restored.set(member.getKey(), member.getValue());
        }
      }
    }
  }

  /** Missing, null and empty mean the same for these. */
  private static ObjectNode normal(ObjectNode pod) {
    ObjectNode normal = pod.deepCopy();
    dropIfEmpty(normal.path("metadata"), "labels");
    dropIfEmpty(normal.path("metadata"), "annotations");
    dropIfEmpty(normal.path("spec"), "initContainers");
    dropIfEmpty(normal.path("spec"), "volumes");
    return normal;
  }

  private static void dropIfEmpty(JsonNode parent, String member) {
    if (parent.path(member).isEmpty()) {
      ((ObjectNode) parent).remove(member);
    }
  }
}
