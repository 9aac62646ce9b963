package io.podveil.injector.injection;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * What is put into a pod: {@code podveil.json}, filled in for the installation and for the pod's
 * settings.
 */
public final class Addition {
  static final String INIT = "podveil-init";
  static final String SIDECAR = "podveil";
  static final Set<String> CONTAINER_NAMES = Set.of(SIDECAR, INIT);
  static final String PROBES_VARIABLE = "PODVEIL_PROBES";

  private static final List<Setting> CAPTURE_SETTINGS =
      List.of(
          Setting.EXCLUDE_INBOUND_PORTS,
          Setting.EXCLUDE_OUTBOUND_PORTS,
          Setting.EXCLUDE_OUTBOUND_CIDRS,
          Setting.LOG_FORMAT);
  private static final List<Setting> RUN_SETTINGS =
      List.of(
          Setting.INBOUND,
          Setting.OUTBOUND,
          Setting.EXCLUDE_INBOUND_PORTS,
          Setting.EXCLUDE_OUTBOUND_PORTS,
          Setting.EXCLUDE_OUTBOUND_CIDRS,
          Setting.LOG_FORMAT);

  private final Installation installation;
  private final JsonNode template;

  /**
   * What is the same for all pods of a cluster.
   *
   * @param version of this injector, noted in the pod
   * @param image of the sidecar
   * @param pullPolicy when the kubelet pulls it
   * @param certsUrl where sidecars get their certificates
   * @param trustDomain of every identity
   * @param mtlsCidrs destinations that get mutual TLS, if not the sidecar's own default
   */
  public record Installation(
      String version,
      String image,
      String pullPolicy,
      String certsUrl,
      String trustDomain,
      Optional<String> mtlsCidrs) {}

  /** What one pod gets; the stamp names the version and a hash of the rest. */
  record Parts(ObjectNode sidecar, ObjectNode init, List<JsonNode> volumes, String stamp) {}

  public Addition(Installation installation) {
    this.installation = installation;
    this.template = readTemplate();
  }

  Parts parts(Settings settings) {
    ObjectNode init = container("init");
    set(init, settings, CAPTURE_SETTINGS);
    ObjectNode sidecar = container("sidecar");
    setVariable(sidecar, "PODVEIL_CERTS_URL", installation.certsUrl());
    setVariable(sidecar, "PODVEIL_TRUST_DOMAIN", installation.trustDomain());
    installation.mtlsCidrs().ifPresent(cidrs -> setVariable(sidecar, "PODVEIL_MTLS_CIDRS", cidrs));
    set(sidecar, settings, RUN_SETTINGS);
    for (ObjectNode container : List.of(sidecar, init)) {
      resource(container, "requests", "cpu", settings.value(Setting.CPU_REQUEST));
      resource(container, "requests", "memory", settings.value(Setting.MEMORY_REQUEST));
      resource(container, "limits", "cpu", settings.value(Setting.CPU_LIMIT));
      resource(container, "limits", "memory", settings.value(Setting.MEMORY_LIMIT));
    }
    List<JsonNode> volumes =
        template.path("volumes").valueStream().map(JsonNode::deepCopy).toList();
    return new Parts(sidecar, init, volumes, stamp(sidecar, init, template.path("volumes")));
  }

  Set<String> volumeNames() {
    return template
        .path("volumes")
        .valueStream()
        .map(volume -> volume.path("name").stringValue())
        .collect(Collectors.toUnmodifiableSet());
  }

  /** Sets, replaces or, with nothing, takes away a variable of a container. */
  static void setVariable(ObjectNode container, String name, String value) {
    for (JsonNode variable : container.withArray("env").values()) {
      if (variable.path("name").stringValue("").equals(name)) {
        ((ObjectNode) variable).put("value", value);
        return;
      }
    }
    container.withArray("env").addObject().put("name", name).put("value", value);
  }

  private ObjectNode container(String kind) {
    ObjectNode container = (ObjectNode) template.path(kind).deepCopy();
    container.put("image", installation.image());
    container.put("imagePullPolicy", installation.pullPolicy());
    return container;
  }

  private static void set(ObjectNode container, Settings settings, List<Setting> which) {
    for (Setting setting : which) {
      settings.value(setting).ifPresent(value -> setVariable(container, setting.variable(), value));
    }
  }

  private static void resource(
      ObjectNode container, String kind, String name, Optional<String> amount) {
    amount.ifPresent(value -> container.withObject("/resources/" + kind).put(name, value));
  }

  private String stamp(JsonNode... parts) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (JsonNode part : parts) {
        digest.update(part.toString().getBytes(StandardCharsets.UTF_8));
      }
      String hash = HexFormat.of().formatHex(digest.digest(), 0, 8);
      return "podveil-injector " + installation.version() + " sha256:" + hash;
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }

  private static JsonNode readTemplate() {
    try (InputStream in =
        Objects.requireNonNull(Addition.class.getResourceAsStream("podveil.json"))) {
      return JsonMapper.shared().readTree(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
