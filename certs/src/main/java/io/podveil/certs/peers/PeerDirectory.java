package io.podveil.certs.peers;

import io.podveil.certs.kube.ClusterState;
import io.podveil.certs.kube.PodFacts;
import io.podveil.certs.kube.ServiceFacts;
import io.podveil.certs.kube.SliceFacts;
import io.podveil.certs.signer.SpiffeId;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Answers who lives at an address, from what is known of the cluster. Never blocks. */
public record PeerDirectory(ClusterState cluster, String trustDomain) {

  /** Where the one who asks is. */
  private record Place(String node, String zone) {}

  /** Answers for a caller at that address. */
  public PeerAnswer at(PeerAddress address, InetAddress caller) {
    Optional<PodFacts> pod = cluster.podAt(address.address());
    if (pod.isPresent()) {
      return new PeerAnswer.OfPod(identity(pod.get(), address.port()));
    }
    return cluster
        .serviceAt(address.address())
        .<PeerAnswer>map(service -> service(service, address, place(caller)))
        .orElseGet(PeerAnswer.Unknown::new);
  }

  private PeerAnswer service(ServiceFacts service, PeerAddress asked, Place caller) {
    List<PeerAnswer.Endpoint> endpoints =
        service.ports().stream()
            .filter(candidate -> candidate.number() == asked.port())
            .flatMap(named -> endpoints(service, named.name(), caller))
            .distinct()
            // A Service of both families leads each to its own.
            .filter(endpoint -> endpoint.address().isSameFamilyAs(asked))
            .filter(endpoint -> endpoint.sameNode() || !service.nodeLocal())
            .toList();
    return new PeerAnswer.OfService(endpoints, service.sessionAffinity());
  }

  private Stream<PeerAnswer.Endpoint> endpoints(
      ServiceFacts service, String portName, Place caller) {
    return cluster.slicesOf(service).stream()
        .flatMap(slice ->
            slice.ports().stream()
                .filter(port -> port.name().equals(portName))
                .flatMap(port ->
                    slice.endpoints().stream()
                        .map(ready -> endpoint(ready, port.number(), caller))));
  }

  private PeerAnswer.Endpoint endpoint(SliceFacts.Ready ready, int port, Place caller) {
    return new PeerAnswer.Endpoint(
        new PeerAddress(ready.address(), port),
        cluster.podAt(ready.address()).flatMap(pod -> identity(pod, port)),
        !caller.node().isEmpty() && caller.node().equals(ready.node()),
        !caller.zone().isEmpty() && caller.zone().equals(ready.zone()));
  }

  private Optional<SpiffeId> identity(PodFacts pod, int port) {
    return pod.isMeshedAt(port)
        ? Optional.of(SpiffeId.ofServiceAccount(trustDomain, pod.namespace(), pod.serviceAccount()))
        : Optional.empty();
  }

  private Place place(InetAddress caller) {
    String node = cluster.podAt(caller).map(PodFacts::node).orElse("");
    return new Place(node, cluster.zoneOf(node));
  }
}
