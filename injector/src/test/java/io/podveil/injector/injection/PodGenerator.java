package io.podveil.injector.injection;

import java.util.List;
import java.util.random.RandomGenerator;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Makes pods of every shape that the API server would accept and that is not refused for a
 * conflict. The same seed makes the same pods.
 */
public final class PodGenerator {
  private static final List<String> PROBES =
      List.of("livenessProbe", "readinessProbe", "startupProbe");
  private static final List<String> SCHEMES = List.of("HTTP", "HTTPS");
  private static final List<String> PATHS =
      List.of("/", "/healthz", "/a b?c=$(X)", "/ü", "healthz");
  private static final List<String> KEYS = List.of("app", "app.kubernetes.io/name", "tier");

  private final RandomGenerator random;

  public PodGenerator(RandomGenerator random) {
    this.random = random;
  }

  public ObjectNode pod(String name) {
    ObjectNode pod = JsonMapper.shared().createObjectNode();
    pod.put("apiVersion", "v1").put("kind", "Pod");
    ObjectNode metadata = pod.putObject("metadata");
    metadata.put(chance(3) ? "generateName" : "name", name);
    strings(metadata, "labels");
    strings(metadata, "annotations");
    if (chance(2)) {
      annotations(metadata.withObjectProperty("annotations"));
    }
    ObjectNode spec = pod.putObject("spec");
    containers(spec, "initContainers", random.nextInt(4), Kind.INIT);
    containers(spec, "containers", 1 + random.nextInt(4), Kind.APP);
    volumes(spec);
    extras(spec);
    return pod;
  }

  private enum Kind {
    INIT,
    APP
  }

  private void annotations(ObjectNode annotations) {
    maybe(annotations, "inbound", "strict", "permissive");
    maybe(annotations, "outbound", "auto", "strict");
    maybe(annotations, "exclude-inbound-ports", "22", "80, 443", "8000-8010,9");
    maybe(annotations, "exclude-outbound-ports", "5432", "1-65535");
    maybe(annotations, "exclude-outbound-cidrs", "10.0.0.0/8", "fd00::/8, 169.254.169.254");
    maybe(annotations, "log-format", "text", "json");
    maybe(annotations, "cpu-request", "10m", "0.2");
    maybe(annotations, "memory-request", "64Mi", "100M");
    maybe(annotations, "cpu-limit", "1", "500m");
    maybe(annotations, "memory-limit", "1Gi", "256Mi");
    maybe(annotations, "rewrite-probes", "true", "false");
  }

  private void maybe(ObjectNode annotations, String name, String... values) {
    if (chance(4)) {
      annotations.put(Setting.DOMAIN + name, values[random.nextInt(values.length)]);
    }
  }

  private void strings(ObjectNode metadata, String member) {
    switch (random.nextInt(4)) {
      case 0 -> metadata.putNull(member);
      case 1 -> metadata.putObject(member);
      case 2 -> {
        ObjectNode strings = metadata.putObject(member);
        KEYS.forEach(key -> strings.put(key, "v"));
      }
      default -> {}
    }
  }

  private void containers(ObjectNode spec, String member, int count, Kind kind) {
    if (count == 0) {
      if (chance(2)) {
        spec.putArray(member);
      }
      return;
    }
    ArrayNode containers = spec.putArray(member);
    for (int i = 0; i < count; i++) {
      container(containers.addObject(), (kind == Kind.INIT ? "init-" : "app-") + i, kind);
    }
  }

  private void container(ObjectNode container, String name, Kind kind) {
    container.put("name", name).put("image", "example.invalid/" + name + ":1");
    boolean restartable = kind == Kind.INIT && chance(2);
    if (restartable) {
      container.put("restartPolicy", "Always");
    }
    ArrayNode ports = container.putArray("ports");
    int first = 1024 + random.nextInt(60_000);
    ports.addObject().put("name", "web").put("containerPort", first);
    if (chance(2)) {
      ports.addObject().put("containerPort", first + 1).put("protocol", "UDP");
    }
    if (kind == Kind.APP || restartable) {
      PROBES.stream()
          .filter(probe -> chance(2))
          .forEach(probe -> probe(container.putObject(probe), probe));
      if (chance(3)) {
        hook(container.putObject("lifecycle").putObject(chance(2) ? "postStart" : "preStop"));
      }
    }
    if (chance(2)) {
      container.putArray("env").addObject().put("name", "X").put("value", "$(Y) \"quoted\"\n");
    }
    if (chance(3)) {
      container.putObject("resources").putObject("requests").put("cpu", "1");
    }
  }

  private void probe(ObjectNode probe, String kind) {
    switch (random.nextInt(4)) {
      case 0 -> httpGet(probe);
      case 1 -> port(probe.putObject("tcpSocket"));
      case 2 -> {
        ObjectNode grpc = probe.putObject("grpc").put("port", 1024 + random.nextInt(60_000));
        if (chance(2)) {
          grpc.put("service", "shop.Cart");
        }
      }
      default -> probe.putObject("exec").putArray("command").add("true");
    }
    if (chance(2)) {
      probe
          .put("timeoutSeconds", 1 + random.nextInt(30))
          .put("periodSeconds", 1 + random.nextInt(30));
    }
    if (kind.equals("readinessProbe") && chance(2)) {
      probe.put("successThreshold", 2);
    }
  }

  private void hook(ObjectNode hook) {
    switch (random.nextInt(3)) {
      case 0 -> httpGet(hook);
      case 1 -> hook.putObject("exec").putArray("command").add("true");
      default -> hook.putObject("sleep").put("seconds", 1);
    }
  }

  private void httpGet(ObjectNode check) {
    ObjectNode get = check.putObject("httpGet");
    port(get);
    if (chance(2)) {
      get.put("path", PATHS.get(random.nextInt(PATHS.size())));
    }
    if (chance(2)) {
      get.put("scheme", SCHEMES.get(random.nextInt(2)));
    }
    if (chance(5)) {
      get.put("host", "elsewhere.example");
    }
    if (chance(2)) {
      get.putArray("httpHeaders").addObject().put("name", "Host").put("value", "shop.example");
    }
  }

  private void port(ObjectNode handler) {
    switch (random.nextInt(3)) {
      case 0 -> handler.put("port", "web");
      case 1 -> handler.put("port", "no-such-name");
      default -> handler.put("port", 4 + random.nextInt(65_000));
    }
  }

  private void volumes(ObjectNode spec) {
    if (chance(2)) {
      ArrayNode volumes = spec.putArray("volumes");
      for (int i = random.nextInt(4); i >= 0; i--) {
        volumes.addObject().put("name", "volume-" + i).putObject("emptyDir");
      }
    }
  }

  private void extras(ObjectNode spec) {
    if (chance(2)) {
      spec.putObject("securityContext")
          .put("runAsNonRoot", true)
          .put("runAsUser", 1000)
          .put("fsGroup", 2000);
    }
    if (chance(3)) {
      spec.put("restartPolicy", chance(2) ? "Never" : "OnFailure");
    }
    if (chance(3)) {
      spec.put("shareProcessNamespace", true);
    }
    if (chance(3)) {
      spec.put("hostNetwork", false);
    }
    if (chance(3)) {
      spec.put("automountServiceAccountToken", false);
    }
    if (chance(3)) {
      spec.putArray("tolerations").addObject().put("operator", "Exists");
    }
  }

  private boolean chance(int oneIn) {
    return random.nextInt(oneIn) == 0;
  }
}
