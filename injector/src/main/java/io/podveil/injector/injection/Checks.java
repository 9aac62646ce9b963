package io.podveil.injector.injection;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import tools.jackson.core.JsonPointer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The kubelet's probes and hooks: which of them come to the pod over the network, and so have to be
 * led through the sidecar, which replays them inside the pod.
 */
final class Checks {
  static final int ADMIN_PORT = 3;

  private static final String PATH = "/probe/";

  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  // Also what keeps the name from meaning anything else in a path. The API server refuses other
  // names later.
  private static final Pattern NAME = Pattern.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?");
  // tcpSocket in a hook is left out: the kubelet has never carried it out.
  private static final List<String> PROBE_HANDLERS = List.of("httpGet", "tcpSocket", "grpc");
  private static final List<String> HOOK_HANDLERS = List.of("httpGet");
  private static final List<Kind> KINDS =
      List.of(
          new Kind("liveness", JsonPointer.compile("/livenessProbe"), PROBE_HANDLERS),
          new Kind("readiness", JsonPointer.compile("/readinessProbe"), PROBE_HANDLERS),
          new Kind("startup", JsonPointer.compile("/startupProbe"), PROBE_HANDLERS),
          new Kind("post-start", JsonPointer.compile("/lifecycle/postStart"), HOOK_HANDLERS),
          new Kind("pre-stop", JsonPointer.compile("/lifecycle/preStop"), HOOK_HANDLERS));

  private record Kind(String word, JsonPointer place, List<String> handlers) {
    boolean isProbe() {
      return handlers.equals(PROBE_HANDLERS);
    }
  }

  /**
   * A check that the kubelet makes over the network.
   *
   * @param place of the probe or hook in the document
   * @param handler the name of the member that says how, {@code httpGet} for example
   * @param port where it goes
   * @param key {@code container/kind}, for people
   * @param access who may have the sidecar do it
   * @param definition what the sidecar has to do in the kubelet's stead
   */
  record Check(
      JsonPointer place,
      String handler,
      int port,
      String key,
      Access access,
      ObjectNode definition) {

    /**
     * What the sidecar knows it by. Port 3 answers anybody, and a hook does something: only who can
     * read the pod, as the kubelet can, knows how to ask for one.
     */
    String name(String secret) {
      return switch (access) {
        case ANYBODY -> key;
        case WHO_KNOWS_THE_POD -> key + "/" + secret;
      };
    }

    /** The name under which this check leads through the sidecar already, if it does. */
    Optional<String> rewrittenTo() {
      String path = definition.at("/http/path").stringValue("");
      return port == ADMIN_PORT && (path + "/").startsWith(PATH + key + "/")
          ? Optional.of(path.substring(PATH.length()))
          : Optional.empty();
    }

    /** The handler that leads it there. */
    static ObjectNode leadingTo(String name) {
      return NODES
          .objectNode()
          .put("path", PATH + name)
          .put("port", ADMIN_PORT)
          .put("scheme", "HTTP");
    }
  }

  /** Who may have a check carried out. */
  enum Access {
    ANYBODY,
    WHO_KNOWS_THE_POD
  }

  private Checks() {}

  static List<Check> of(Pod pod) {
    List<Check> checks = new ArrayList<>();
    for (Pod.Container container : pod.ownContainers()) {
      if (!NAME.matcher(container.name()).matches()) {
        continue;
      }
      for (Kind kind : KINDS) {
        JsonNode check = container.tree().at(kind.place());
        List<String> handlers = kind.handlers().stream().filter(check::hasNonNull).toList();
        // The kubelet wants exactly one, the API server sees to it.
        if (handlers.size() == 1) {
          read(container, kind, check, handlers.getFirst(), checks);
        }
      }
    }
    return checks;
  }

  private static void read(
      Pod.Container container, Kind kind, JsonNode check, String handler, List<Check> into) {
    JsonNode how = check.path(handler);
    int port = port(how.path("port"), container.tree());
    // With a host of its own the check goes there, not to the pod. Without a port the kubelet fails
    // it: so be it.
    if (port == 0 || !how.path("host").stringValue("").isEmpty()) {
      return;
    }
    ObjectNode definition = NODES.objectNode();
    definition.set(handlerWord(handler), definition(handler, how, port));
    if (kind.isProbe()) {
      definition.put("timeoutSeconds", Math.max(1, check.path("timeoutSeconds").intValue(1)));
    }
    String key = container.name() + "/" + kind.word();
    Access access = kind.isProbe() ? Access.ANYBODY : Access.WHO_KNOWS_THE_POD;
    into.add(
        new Check(container.place().append(kind.place()), handler, port, key, access, definition));
  }

  private static String handlerWord(String handler) {
    return switch (handler) {
      case "httpGet" -> "http";
      case "tcpSocket" -> "tcp";
      default -> handler;
    };
  }

  private static ObjectNode definition(String handler, JsonNode how, int port) {
    ObjectNode definition = NODES.objectNode();
    switch (handler) {
      case "httpGet" -> {
        definition.put("scheme", how.path("scheme").stringValue("HTTP"));
        definition.put("port", port);
        definition.put("path", how.path("path").stringValue("/"));
        definition.set("headers", headers(how.path("httpHeaders")));
      }
      case "grpc" ->
          definition.put("port", port).put("service", how.path("service").stringValue(""));
      default -> definition.put("port", port);
    }
    return definition;
  }

  private static JsonNode headers(JsonNode headers) {
    var copies = NODES.arrayNode();
    for (JsonNode header : headers.values()) {
      copies
          .addObject()
          .put("name", header.path("name").stringValue(""))
          .put("value", header.path("value").stringValue(""));
    }
    return copies;
  }

  /**
   * As the kubelet reads it: a number, else the name of one of the container's ports, else a number
   * as text.
   */
  private static int port(JsonNode port, JsonNode container) {
    if (port.isIntegralNumber()) {
      return inRange(port.intValue(0));
    }
    String text = port.stringValue("");
    for (JsonNode candidate : container.path("ports").values()) {
      if (!text.isEmpty() && candidate.path("name").stringValue("").equals(text)) {
        return inRange(candidate.path("containerPort").intValue(0));
      }
    }
    return text.matches("[0-9]{1,5}") ? inRange(Integer.parseInt(text)) : 0;
  }

  private static int inRange(int port) {
    return port >= 1 && port <= 65_535 ? port : 0;
  }

  /** What the sidecar is told to replay, as the text of an environment variable. */
  static String inWords(Map<String, ObjectNode> definitions) {
    ObjectNode all = NODES.objectNode();
    definitions.forEach(all::set);
    // In a variable's value the kubelet takes $(NAME) for a reference. JSON can do without the
    // character.
    return all.toString().replace("$", "\\u0024");
  }
}
