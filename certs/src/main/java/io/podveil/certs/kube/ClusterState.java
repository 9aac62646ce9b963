package io.podveil.certs.kube;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import java.net.InetAddress;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** Pods, Services and endpoints of the cluster as they were last heard of. For any thread. */
public final class ClusterState {
  private final Catalogue<InetAddress, PodFacts> pods = new Catalogue<>(PodFacts::addresses);
  private final Catalogue<InetAddress, ServiceFacts> services =
      new Catalogue<>(ServiceFacts::addresses);
  private final Catalogue<String, SliceFacts> slices =
      new Catalogue<>(slice -> List.of(slice.service()));
  // Learned from endpoints: asking for Node objects would be a permission more.
  private final Map<String, String> zones = new ConcurrentHashMap<>();

  /** The pod that has this address now; of two, the younger one. */
  public Optional<PodFacts> podAt(InetAddress address) {
    return pods.find(address).stream()
        .filter(pod -> !pod.hostNetwork() && !pod.ended())
        .max(Comparator.comparing(PodFacts::created));
  }

  public Optional<PodFacts> pod(String namespace, String name) {
    return pods.get(namespace + "/" + name);
  }

  public Optional<ServiceFacts> serviceAt(InetAddress address) {
    return services.find(address).stream().findFirst();
  }

  public List<SliceFacts> slicesOf(ServiceFacts service) {
    return slices.find(service.key());
  }

  /** The zone of a node, or nothing if no endpoint of that node told. */
  public String zoneOf(String node) {
    return zones.getOrDefault(node, "");
  }

  public int podCount() {
    return pods.size();
  }

  public int serviceCount() {
    return services.size();
  }

  public void put(Pod pod) {
    pods.put(key(pod), PodFacts.of(pod));
  }

  public void put(Service service) {
    services.put(key(service), ServiceFacts.of(service));
  }

  public void put(EndpointSlice slice) {
    SliceFacts facts = SliceFacts.of(slice);
    facts.endpoints().stream()
        .filter(endpoint -> !endpoint.node().isEmpty() && !endpoint.zone().isEmpty())
        .forEach(endpoint -> zones.put(endpoint.node(), endpoint.zone()));
    slices.put(facts.key(), facts);
  }

  public void remove(Pod pod) {
    pods.remove(key(pod));
  }

  public void remove(Service service) {
    services.remove(key(service));
  }

  public void remove(EndpointSlice slice) {
    slices.remove(key(slice));
  }

  private static String key(HasMetadata resource) {
    return resource.getMetadata().getNamespace() + "/" + resource.getMetadata().getName();
  }
}
