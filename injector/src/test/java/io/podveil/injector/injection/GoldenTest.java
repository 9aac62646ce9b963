package io.podveil.injector.injection;

import static org.assertj.core.api.Assertions.assertThat;

import io.podveil.injector.injection.Decision.Inject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Patches as they were when somebody last looked at them, and what the sidecar relies on. To take
 * the present ones as golden, run with {@code -Dgolden.update=true} and read the difference.
 */
class GoldenTest {
  private static final Path RESOURCES = Path.of("src/test/resources");
  private static final JsonMapper JSON = JsonMapper.shared();

  @ParameterizedTest
  @ValueSource(strings = {"bare", "usual", "everything"})
  void patchesAsBefore(String name) throws IOException {
    ObjectNode pod = read("golden/" + name + ".pod.json");

    Decision decision = Pods.judge().decide(pod, "shop", Mode.STRICT);

    assertThat(decision)
        .isInstanceOfSatisfying(
            Inject.class, inject -> agrees("golden/" + name + ".patch.json", inject.patch()));
  }

  /**
   * The sidecar's tests read the same file: what PODVEIL_PROBES says and what is to be replayed.
   */
  @Test
  void tellsTheSidecarWhatToReplayInTheFormAgreedOn() throws IOException {
    ObjectNode pod = Pods.injected(read("contract/probes.pod.json"));

    String words = variables(pod.at("/spec/initContainers/0")).get("PODVEIL_PROBES");

    agrees("contract/probes.json", JSON.readTree(words));
  }

  /** Arguments and variables of both containers: the sidecar's options by another name. */
  @Test
  void startsTheSidecarWithTheOptionsAgreedOn() throws IOException {
    ObjectNode pod = Pods.injected(read("golden/everything.pod.json"));

    ObjectNode started = JSON.createObjectNode();
    for (int index : new int[] {0, 1}) {
      JsonNode container = pod.at("/spec/initContainers/" + index);
      ObjectNode entry = started.putObject(container.path("name").stringValue());
      entry.set("args", container.path("args"));
      ObjectNode variables = entry.putObject("variables");
      variables(container).forEach(variables::put);
      variables.remove("PODVEIL_PROBES");
    }

    agrees("contract/start.json", started);
  }

  private static Map<String, String> variables(JsonNode container) {
    Map<String, String> variables = new TreeMap<>();
    for (JsonNode variable : container.path("env").values()) {
      String reference = variable.at("/valueFrom/fieldRef/fieldPath").stringValue("");
      variables.put(
          variable.path("name").stringValue(),
          reference.isEmpty()
              ? variable.path("value").stringValue()
              : "(the pod's " + reference + ")");
    }
    return variables;
  }

  private static ObjectNode read(String file) throws IOException {
    return (ObjectNode) JSON.readTree(Files.readString(RESOURCES.resolve(file)));
  }

  private static void agrees(String file, JsonNode now) {
    Path golden = RESOURCES.resolve(file);
    String text = JSON.writerWithDefaultPrettyPrinter().writeValueAsString(now) + "\n";
    try {
      if (Boolean.getBoolean("golden.update")) {
        Files.writeString(golden, text);
      }
      assertThat(text).isEqualTo(Files.readString(golden));
    } catch (IOException e) {
      throw new AssertionError(golden + " cannot be read; make it with -Dgolden.update=true", e);
    }
  }
}
