package io.podveil.injector.injection;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JsonPointer;
import tools.jackson.databind.JsonNode;

/** A look at a pod's JSON: the few fields that decide, wherever they are missing or null. */
record Pod(JsonNode tree) {
  static final JsonPointer CONTAINERS = JsonPointer.compile("/spec/containers");
  static final JsonPointer INIT_CONTAINERS = JsonPointer.compile("/spec/initContainers");
  static final JsonPointer VOLUMES = JsonPointer.compile("/spec/volumes");

  /** A container, and where in the document it stands. */
  record Container(JsonPointer place, JsonNode tree) {
    String name() {
      return tree.path("name").stringValue("");
    }
  }

  Map<String, String> labels() {
    return strings("/metadata/labels");
  }

  Map<String, String> annotations() {
    return strings("/metadata/annotations");
  }

  boolean hostNetwork() {
    return tree.at("/spec/hostNetwork").booleanValue(false);
  }

  boolean windows() {
    return tree.at("/spec/os/name").stringValue("").equals("windows")
        || tree.at("/spec/nodeSelector/kubernetes.io~1os").stringValue("").equals("windows");
  }

  List<Container> containers() {
    return containers(CONTAINERS);
  }

  List<Container> initContainers() {
    return containers(INIT_CONTAINERS);
  }

  /** The containers of both kinds that are not Podveil's. */
  List<Container> ownContainers() {
    List<Container> own = new ArrayList<>(initContainers());
    own.addAll(containers());
    own.removeIf(container -> Addition.CONTAINER_NAMES.contains(container.name()));
    return own;
  }

  Optional<Container> initContainer(String name) {
    return initContainers().stream().filter(container -> container.name().equals(name)).findFirst();
  }

  List<String> volumeNames() {
    return tree.at(VOLUMES)
        .valueStream()
        .map(volume -> volume.path("name").stringValue(""))
        .toList();
  }

  /**
   * Whether this pod went through an injector before, this review's or the one of the pod it was
   * copied from.
   */
  boolean injectedBefore() {
    return annotations().containsKey(Settings.STAMP)
        && Addition.CONTAINER_NAMES.stream().allMatch(name -> initContainer(name).isPresent());
  }

  private List<Container> containers(JsonPointer list) {
    List<Container> containers = new ArrayList<>();
    for (JsonNode container : tree.at(list).values()) {
      containers.add(new Container(list.appendIndex(containers.size()), container));
    }
    return containers;
  }

  private Map<String, String> strings(String place) {
    Map<String, String> strings = new LinkedHashMap<>();
    tree.at(place).forEachEntry((name, value) -> strings.put(name, value.asString("")));
    return strings;
  }
}
