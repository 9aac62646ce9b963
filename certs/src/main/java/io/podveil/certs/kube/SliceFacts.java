package io.podveil.certs.kube;

import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPort;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * What is needed of an EndpointSlice: the endpoints of a Service that take connections now.
 *
 * @param service namespace and name of the Service
 */
public record SliceFacts(String key, String service, List<Port> ports, List<Ready> endpoints) {
  private static final String SERVICE_NAME = "kubernetes.io/service-name";

  /** A port of all endpoints, and the name of the Service's port that leads to it. */
  public record Port(int number, String name) {}

  /** An endpoint that is ready. */
  public record Ready(InetAddress address, String node, String zone) {}

  static SliceFacts of(EndpointSlice slice) {
    String namespace = slice.getMetadata().getNamespace();
    Map<String, String> labels =
        Objects.requireNonNullElse(slice.getMetadata().getLabels(), Map.of());
    List<EndpointPort> ports = Objects.requireNonNullElse(slice.getPorts(), List.of());
    List<Endpoint> endpoints = Objects.requireNonNullElse(slice.getEndpoints(), List.of());
    return new SliceFacts(
        namespace + "/" + slice.getMetadata().getName(),
        namespace + "/" + labels.getOrDefault(SERVICE_NAME, ""),
        ports.stream().flatMap(SliceFacts::port).toList(),
        endpoints.stream().filter(SliceFacts::isReady).flatMap(SliceFacts::ready).toList());
  }

  private static Stream<Port> port(EndpointPort port) {
    boolean tcp = port.getProtocol() == null || port.getProtocol().equals("TCP");
    return tcp && port.getPort() != null
        ? Stream.of(new Port(port.getPort(), Objects.requireNonNullElse(port.getName(), "")))
        : Stream.of();
  }

  private static boolean isReady(Endpoint endpoint) {
    // Nothing said means ready, says the API.
    return endpoint.getConditions() == null
        || !Boolean.FALSE.equals(endpoint.getConditions().getReady());
  }

  private static Stream<Ready> ready(Endpoint endpoint) {
    // All addresses of an endpoint are the same endpoint; consumers take the first.
    return endpoint.getAddresses().stream()
        .limit(1)
        .flatMap(Literals::address)
        .map(address ->
            new Ready(
                address,
                Objects.requireNonNullElse(endpoint.getNodeName(), "").intern(),
                Objects.requireNonNullElse(endpoint.getZone(), "").intern()));
  }
}
