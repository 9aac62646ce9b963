package io.podveil.injector.injection;

import io.podveil.injector.injection.Checks.Check;
import io.podveil.injector.patch.Draft;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonPointer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.node.StringNode;

/**
 * Puts the parts into one pod, as far as they are not there already. A webhook may be called again
 * after others have changed the pod: what they did to our containers stays (a mirror's image name,
 * a variable for all containers), what they added to the pod is led through the sidecar too, and
 * our containers come first again.
 */
final class Injection {
  private static final JsonPointer METADATA = JsonPointer.compile("/metadata");
  private static final String INJECTED = Setting.DOMAIN + "injected";

  private final Pod pod;
  private final Draft draft;
  private final Addition.Parts parts;
  private final boolean sameAsBefore;

  /** Whether the kubelet's checks are led through the sidecar. */
  enum Probes {
    REWRITE,
    LEAVE
  }

  private Injection(ObjectNode tree, Addition.Parts parts) {
    this.draft = Draft.of(tree);
    this.pod = new Pod(draft.document());
    this.parts = parts;
    this.sameAsBefore =
        pod.injectedBefore() && parts.stamp().equals(pod.annotations().get(Settings.STAMP));
  }

  static Decision of(
      ObjectNode tree, Addition.Parts parts, Probes probes, Supplier<String> secrets) {
    Injection injection = new Injection(tree, parts);
    Map<String, ObjectNode> replayed = replayed(injection.pod);
    int rewritten = probes == Probes.REWRITE ? injection.rewriteChecks(replayed, secrets) : 0;
    injection.placeContainers(replayed);
    injection.placeVolumes();
    injection.mark();
    return injection.draft.patch().isEmpty()
        ? new Decision.Skip(Decision.Reason.ALREADY_INJECTED)
        : new Decision.Inject(injection.draft.patch(), rewritten);
  }

  /** Whether this check leads through the sidecar of this pod, which knows what to do then. */
  static boolean replays(Pod pod, Check check) {
    return check.rewrittenTo().filter(replayed(pod)::containsKey).isPresent();
  }

  private int rewriteChecks(Map<String, ObjectNode> replayed, Supplier<String> secrets) {
    List<Check> checks =
        Checks.of(pod).stream().filter(check -> check.rewrittenTo().isEmpty()).toList();
    for (Check check : checks) {
      String name = check.name(secrets.get());
      if (!check.handler().equals("httpGet")) {
        draft.remove(check.place().appendProperty(check.handler()));
      }
      draft.put(check.place().appendProperty("httpGet"), Check.leadingTo(name));
      replayed.put(name, check.definition());
    }
    return checks.size();
  }

  private void placeContainers(Map<String, ObjectNode> replayed) {
    ObjectNode sidecar = kept(Addition.SIDECAR).orElse(parts.sidecar()).deepCopy();
    ObjectNode init = kept(Addition.INIT).orElse(parts.init());
    if (!replayed.isEmpty()) {
      Addition.setVariable(sidecar, Addition.PROBES_VARIABLE, Checks.inWords(replayed));
    }
    // The sidecar starts first and the other waits for it: the kubelet goes on to the app when both
    // the rules are in force and the sidecar serves, and has one turn less to take.
    if (sidecar.equals(at(0)) && init.equals(at(1))) {
      return;
    }
    pod.initContainers().stream()
        .filter(container -> Addition.CONTAINER_NAMES.contains(container.name()))
        .map(Pod.Container::place)
        .sorted(
            Comparator.comparingInt((JsonPointer place) -> place.last().getMatchingIndex())
                .reversed())
        .forEach(draft::remove);
    draft.insert(Pod.INIT_CONTAINERS, 0, sidecar);
    draft.insert(Pod.INIT_CONTAINERS, 1, init);
  }

  private Optional<ObjectNode> kept(String name) {
    return sameAsBefore
        ? pod.initContainer(name).map(container -> (ObjectNode) container.tree())
        : Optional.empty();
  }

  private JsonNode at(int index) {
    return draft.at(Pod.INIT_CONTAINERS.appendIndex(index));
  }

  private void placeVolumes() {
    for (JsonNode volume : parts.volumes()) {
      List<String> names = new ArrayList<>(pod.volumeNames());
      int index = names.indexOf(volume.path("name").stringValue());
      if (index < 0) {
        draft.insert(Pod.VOLUMES, names.size(), volume);
      } else if (!sameAsBefore && !volume.equals(draft.at(Pod.VOLUMES.appendIndex(index)))) {
        draft.remove(Pod.VOLUMES.appendIndex(index));
        draft.insert(Pod.VOLUMES, index, volume);
      }
    }
  }

  private void mark() {
    draft.put(
        METADATA.appendProperty("labels").appendProperty(INJECTED), StringNode.valueOf("true"));
    draft.put(
        METADATA.appendProperty("annotations").appendProperty(Settings.STAMP),
        StringNode.valueOf(parts.stamp()));
  }

  /** What the sidecar that is in the pod already has been told to replay. */
  private static Map<String, ObjectNode> replayed(Pod pod) {
    Map<String, ObjectNode> definitions = new TreeMap<>();
    if (pod.injectedBefore()) {
      pod.initContainer(Addition.SIDECAR).stream()
          .flatMap(sidecar -> sidecar.tree().path("env").valueStream())
          .filter(
              variable -> variable.path("name").stringValue("").equals(Addition.PROBES_VARIABLE))
          .forEach(variable -> read(variable.path("value").stringValue(""), definitions));
    }
    return definitions;
  }

  private static void read(String words, Map<String, ObjectNode> into) {
    try {
      JsonMapper.shared()
          .readTree(words)
          .forEachEntry((key, definition) -> {
            if (definition instanceof ObjectNode known) {
              into.put(key, known);
            }
          });
    } catch (JacksonException e) {
      // Not ours, then: a check that counts on it is refused as one that goes to port 3.
      into.clear();
    }
  }
}
