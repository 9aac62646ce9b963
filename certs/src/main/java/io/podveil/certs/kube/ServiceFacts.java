package io.podveil.certs.kube;

import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.ServiceSpec;
import java.net.InetAddress;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What is needed of a Service.
 *
 * @param key namespace and name
 * @param sessionAffinity whether a client is always sent to the same endpoint
 * @param nodeLocal whether clients are sent to endpoints of their own node only
 */
public record ServiceFacts(
    String key,
    Set<InetAddress> addresses,
    List<Port> ports,
    boolean sessionAffinity,
    boolean nodeLocal) {

  /** A port, and the name under which endpoint slices know it. */
  public record Port(int number, String name) {}

  static ServiceFacts of(Service service) {
    ServiceSpec spec = service.getSpec() == null ? new ServiceSpec() : service.getSpec();
    Stream<String> several =
        spec.getClusterIPs() == null ? Stream.of() : spec.getClusterIPs().stream();
    List<ServicePort> ports = spec.getPorts() == null ? List.of() : spec.getPorts();
    return new ServiceFacts(
        service.getMetadata().getNamespace() + "/" + service.getMetadata().getName(),
        Stream.concat(several, Stream.ofNullable(spec.getClusterIP()))
            .flatMap(Literals::address)
            .collect(Collectors.toUnmodifiableSet()),
        ports.stream()
            .filter(port -> port.getProtocol() == null || port.getProtocol().equals("TCP"))
            .map(port -> new Port(port.getPort(), Objects.requireNonNullElse(port.getName(), "")))
            .toList(),
        "ClientIP".equals(spec.getSessionAffinity()),
        "Local".equals(spec.getInternalTrafficPolicy()));
  }
}
