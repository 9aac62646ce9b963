package io.podveil.certs.kube;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.Informable;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.util.List;
import java.util.function.Consumer;

/** Keeps a {@link ClusterState} true for as long as it is open. */
public final class ClusterWatch implements AutoCloseable {
  // The first listing comes in pages, so that ten thousand pods are never in memory at once.
  private static final long PAGE = 250;

  private final List<SharedIndexInformer<?>> informers;

  private ClusterWatch(List<SharedIndexInformer<?>> informers) {
    this.informers = informers;
  }

  /**
   * Begins to follow the cluster, and returns at once.
   *
   * @param sidecars told the namespace whenever something is heard of a pod with a sidecar
   */
  public static ClusterWatch start(
      KubernetesClient client, ClusterState state, Consumer<String> sidecars) {
    Consumer<Pod> put =
        pod -> {
          state.put(pod);
          if (PodFacts.of(pod).injected()) {
            sidecars.accept(pod.getMetadata().getNamespace());
          }
        };
    return new ClusterWatch(
        List.of(
            follow(client.pods().inAnyNamespace(), put, state::remove),
            follow(client.services().inAnyNamespace(), state::put, state::remove),
            follow(
                client.discovery().v1().endpointSlices().inAnyNamespace(),
                state::put,
                state::remove)));
  }

  /** Whether everything has been heard of once. */
  public boolean isComplete() {
    return informers.stream().allMatch(SharedIndexInformer::hasSynced);
  }

  /** Whether news arrive at present; the state is what it was when they ceased. */
  public boolean isCurrent() {
    return informers.stream().allMatch(SharedIndexInformer::isWatching);
  }

  @Override
  public void close() {
    informers.forEach(SharedIndexInformer::close);
  }

  private static <T extends HasMetadata> SharedIndexInformer<T> follow(
      Informable<T> resources, Consumer<T> put, Consumer<T> remove) {
    SharedIndexInformer<T> informer = resources.withLimit(PAGE).runnableInformer(0);
    informer.itemStore(new StubStore<>());
    // Never give up: an API server that is away comes back.
    informer.exceptionHandler((started, problem) -> true);
    informer.addEventHandler(
        new ResourceEventHandler<T>() {
          @Override
          public void onAdd(T resource) {
            put.accept(resource);
          }

          @Override
          public void onUpdate(T before, T now) {
            put.accept(now);
          }

          @Override
          public void onDelete(T resource, boolean finalStateUnknown) {
            remove.accept(resource);
          }
        });
    var _ = informer.start();
    return informer;
  }
}
