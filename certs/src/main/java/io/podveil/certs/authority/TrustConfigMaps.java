package io.podveil.certs.authority;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Whom to trust, as a ConfigMap in every namespace that takes part. Written where it is missing or
 * differs, so every replica may do it; one that is deleted or edited is put right.
 */
public final class TrustConfigMaps implements AutoCloseable {
  /** The ConfigMap's name. */
  public static final String NAME = "podveil-trust";

  /** Its entry. */
  public static final String KEY = "roots.pem";

  static final String LABEL = "podveil.io/injection";
  static final String ENABLED = "enabled";
  private static final System.Logger LOG = System.getLogger("trust");

  private final KubernetesClient client;
  private final Supplier<String> roots;
  private final SharedIndexInformer<Namespace> namespaces;
  private final SharedIndexInformer<ConfigMap> maps;
  // One at a time: two answers to the same event would only be twice the work.
  private final ExecutorService worker =
      Executors.newSingleThreadExecutor(Thread.ofVirtual().name("trust").factory());

  /**
   * @param roots what the ConfigMaps should say, as PEM; read whenever one is looked at
   */
  public TrustConfigMaps(KubernetesClient client, Supplier<String> roots) {
    this.client = client;
    this.roots = roots;
    this.maps =
        client.configMaps().inAnyNamespace().withField("metadata.name", NAME).runnableInformer(0);
    this.namespaces = client.namespaces().withLabel(LABEL, ENABLED).runnableInformer(0);
  }

  /** Begins to keep them right. */
  public void start() {
    maps.exceptionHandler((_, _) -> true);
    namespaces.exceptionHandler((_, _) -> true);
    maps.addEventHandler(new Follower<>(map -> map.getMetadata().getNamespace()));
    namespaces.addEventHandler(new Follower<>(namespace -> namespace.getMetadata().getName()));
    var _ = maps.start();
    var _ = namespaces.start();
  }

  /** Looks at all of them; to be called after the roots changed, and now and then. */
  public void reconcileAll() {
    namespaces.getStore().list().forEach(namespace -> later(namespace.getMetadata().getName()));
  }

  @Override
  public void close() {
    maps.close();
    namespaces.close();
    worker.shutdownNow();
  }

  private void later(String namespace) {
    try {
      worker.execute(() -> reconcile(namespace));
    } catch (RejectedExecutionException e) {
      LOG.log(System.Logger.Level.DEBUG, "stopping; {0} is left as it is", namespace);
    }
  }

  private void reconcile(String namespace) {
    // Events come from both informers; a ConfigMap of this name elsewhere is none of ours.
    if (namespaces.getStore().getByKey(namespace) == null || isRight(namespace)) {
      return;
    }
    try {
      client
          .configMaps()
          .resource(
              new ConfigMapBuilder()
                  .withNewMetadata()
                  .withNamespace(namespace)
                  .withName(NAME)
                  .endMetadata()
                  .addToData(KEY, roots.get())
                  .build())
          .fieldManager("podveil-certs")
          .forceConflicts()
          .serverSideApply();
      LOG.log(System.Logger.Level.INFO, "wrote ConfigMap {0}/{1}", namespace, NAME);
    } catch (KubernetesClientException e) {
      // Looked at again with the next event or the next round.
      LOG.log(
          System.Logger.Level.WARNING,
          "cannot write ConfigMap {0}/{1}: {2}",
          namespace,
          NAME,
          e.getMessage());
    }
  }

  private boolean isRight(String namespace) {
    ConfigMap map = maps.getStore().getByKey(namespace + "/" + NAME);
    return map != null
        && map.getData() != null
        && Objects.equals(map.getData().get(KEY), roots.get());
  }

  /** Looks at a namespace whenever something in it changed. */
  private final class Follower<T> implements ResourceEventHandler<T> {
    private final Function<T, String> namespaceOf;

    Follower(Function<T, String> namespaceOf) {
      this.namespaceOf = namespaceOf;
    }

    @Override
    public void onAdd(T resource) {
      later(namespaceOf.apply(resource));
    }

    @Override
    public void onUpdate(T before, T now) {
      later(namespaceOf.apply(now));
    }

    @Override
    public void onDelete(T resource, boolean finalStateUnknown) {
      later(namespaceOf.apply(resource));
    }
  }
}
