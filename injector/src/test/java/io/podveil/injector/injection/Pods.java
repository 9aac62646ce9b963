package io.podveil.injector.injection;

import io.podveil.injector.patch.Patches;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Pods and judges for tests. */
public final class Pods {
  public static final Addition.Installation INSTALLATION =
      new Addition.Installation(
          "0.0.0-test",
          "podveil-sidecar:0.0.0-test",
          "IfNotPresent",
          "https://podveil-certs.podveil-system.svc:8443",
          "cluster.local",
          Optional.empty());
  public static final Settings DEFAULTS =
      new Settings(
          Map.of(
              Setting.CPU_REQUEST, "50m",
              Setting.MEMORY_REQUEST, "64Mi",
              Setting.MEMORY_LIMIT, "192Mi"));

  private Pods() {}

  public static Judge judge() {
    return judge(INSTALLATION);
  }

  static Judge judge(Addition.Installation installation) {
    return new Judge(new Addition(installation), DEFAULTS, "podveil-system", () -> "secret");
  }

  public static ObjectNode pod(String json) {
    return (ObjectNode) JsonMapper.shared().readTree(json);
  }

  /** A pod with one container and whatever else is given as members of its metadata and spec. */
  static ObjectNode pod(String metadata, String spec) {
    return pod(
        """
        {"apiVersion": "v1", "kind": "Pod", "metadata": {%s},
         "spec": {"containers": [{"name": "web", "image": "web:1"}] %s}}
        """
            .formatted(metadata, spec.isEmpty() ? "" : ", " + spec));
  }

  /** A pod with this one container. */
  static ObjectNode podOf(String container) {
    return pod(
        "{\"metadata\": {\"name\": \"p\"}, \"spec\": {\"containers\": [%s]}}".formatted(container));
  }

  /** The pod after the decision, which has to be an injection. */
  public static ObjectNode injected(ObjectNode pod) {
    return injected(judge(), pod);
  }

  static ObjectNode injected(Judge judge, ObjectNode pod) {
    return switch (judge.decide(pod, "shop", Mode.STRICT)) {
      case Decision.Inject inject -> Patches.apply(inject.patch(), pod);
      case Decision.Skip skip -> throw new AssertionError(skip);
      case Decision.Deny deny -> throw new AssertionError(deny);
    };
  }
}
