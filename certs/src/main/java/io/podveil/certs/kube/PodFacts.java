package io.podveil.certs.kube;

import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodIP;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodStatus;
import java.net.InetAddress;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What is needed of a pod.
 *
 * @param ended whether it has run to its end; its addresses may be another pod's by now
 * @param injected whether it carries the sidecar
 * @param plainPorts ports that its sidecar leaves alone, as it was told to
 * @param created when, as the API server writes it; sorts as text
 */
public record PodFacts(
    String namespace,
    String name,
    String uid,
    String serviceAccount,
    String node,
    Set<InetAddress> addresses,
    boolean hostNetwork,
    boolean ended,
    boolean injected,
    Set<Integer> plainPorts,
    String created) {
  private static final String INJECTED = "podveil.io/injected";
  private static final String PLAIN_PORTS = "podveil.io/exclude-inbound-ports";

  /** Takes from a pod what is needed of it. */
  public static PodFacts of(Pod pod) {
    ObjectMeta metadata = pod.getMetadata();
    PodSpec spec = pod.getSpec() == null ? new PodSpec() : pod.getSpec();
    PodStatus status = pod.getStatus() == null ? new PodStatus() : pod.getStatus();
    // What many pods have in common is kept once: interned.
    return new PodFacts(
        metadata.getNamespace().intern(),
        metadata.getName(),
        text(metadata.getUid(), ""),
        text(spec.getServiceAccountName(), "default").intern(),
        text(spec.getNodeName(), "").intern(),
        addresses(status),
        Boolean.TRUE.equals(spec.getHostNetwork()),
        Set.of("Succeeded", "Failed").contains(text(status.getPhase(), "")),
        "true".equals(value(metadata.getLabels(), INJECTED)),
        ports(value(metadata.getAnnotations(), PLAIN_PORTS)),
        text(metadata.getCreationTimestamp(), ""));
  }

  /** Whether this is the pod that a token was made for, and not one that followed it. */
  boolean is(PodReference reference) {
    return uid.equals(reference.uid())
        && namespace.equals(reference.namespace())
        && name.equals(reference.name())
        && serviceAccount.equals(reference.serviceAccount());
  }

  /** Whether its sidecar answers on this port. */
  public boolean isMeshedAt(int port) {
    return injected && !hostNetwork && !plainPorts.contains(port);
  }

  private static Set<InetAddress> addresses(PodStatus status) {
    Stream<@Nullable String> several =
        status.getPodIPs() == null ? Stream.of() : status.getPodIPs().stream().map(PodIP::getIp);
    return Stream.concat(several, Stream.of(status.getPodIP()))
        .flatMap(Literals::address)
        .collect(Collectors.toUnmodifiableSet());
  }

  private static Set<Integer> ports(String list) {
    // The injector refuses what is no list of ports; whatever else is there means nothing.
    return Stream.of(list.split(","))
        .map(String::strip)
        .filter(port -> port.matches("\\d{1,5}"))
        .map(Integer::valueOf)
        .collect(Collectors.toUnmodifiableSet());
  }

  private static String value(@Nullable Map<String, String> map, String key) {
    return map == null ? "" : text(map.get(key), "");
  }

  private static String text(@Nullable String text, String otherwise) {
    return text == null || text.isEmpty() ? otherwise : text;
  }
}
