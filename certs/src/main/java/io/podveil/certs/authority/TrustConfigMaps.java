package io.podveil.certs.authority;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.OwnerReferenceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.net.HttpURLConnection;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Whom to trust, as a ConfigMap in every namespace that takes part: by its label, or because a pod
 * of its own accord carries a sidecar. Written where it is missing or differs, so every replica may
 * do it; one that is deleted or edited is put right. It goes when the owner goes.
 */
public final class TrustConfigMaps implements AutoCloseable {
  /** The ConfigMap's name. */
  public static final String NAME = "podveil-trust";

  /** Its entry. */
  public static final String KEY = "roots.pem";

  static final String LABEL = "podveil.io/injection";
  static final String ENABLED = "enabled";
  private static final String MANAGED_BY = "app.kubernetes.io/managed-by";
  private static final String US = "podveil-certs";
  private static final System.Logger LOG = System.getLogger("trust");

  private final KubernetesClient client;
  private final Supplier<String> roots;
  private final List<OwnerReference> owners;
  private final SharedIndexInformer<Namespace> namespaces;
  private final SharedIndexInformer<ConfigMap> maps;
  // Not forgotten when the last such pod goes: the next one may come at any time.
  private final Set<String> withSidecars = ConcurrentHashMap.newKeySet();
  private final Set<String> waiting = ConcurrentHashMap.newKeySet();
  // One at a time: two answers to the same event would only be twice the work.
  private final ExecutorService worker =
      Executors.newSingleThreadExecutor(Thread.ofVirtual().name("trust").factory());

  /**
   * @param roots what the ConfigMaps should say, as PEM; read whenever one is looked at
   * @param home the namespace that this runs in, with which the ConfigMaps go
   */
  public TrustConfigMaps(KubernetesClient client, Supplier<String> roots, String home) {
    this.client = client;
    this.roots = roots;
    this.owners = owners(client.namespaces().withName(home).get());
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
    var _ = maps.start().thenRun(this::reconcileAll);
    var _ = namespaces.start();
  }

  /** A pod in this namespace carries a sidecar, whatever the namespace's labels say. */
  public void hasSidecar(String namespace) {
    withSidecars.add(namespace);
    later(namespace);
  }

  /** Looks at all of them; to be called after the roots changed, and now and then. */
  public void reconcileAll() {
    namespaces.getStore().list().forEach(namespace -> later(namespace.getMetadata().getName()));
    maps.getStore().list().forEach(map -> later(map.getMetadata().getNamespace()));
    withSidecars.forEach(this::later);
  }

  @Override
  public void close() {
    maps.close();
    namespaces.close();
    worker.shutdownNow();
  }

  private void later(String namespace) {
    if (!waiting.add(namespace)) {
      return;
    }
    try {
      worker.execute(() -> {
        waiting.remove(namespace);
        reconcile(namespace);
      });
    } catch (RejectedExecutionException e) {
      LOG.log(System.Logger.Level.DEBUG, "stopping; {0} is left as it is", namespace);
    }
  }

  private void reconcile(String namespace) {
    // Until all ConfigMaps were heard of, those that are right would be written again.
    if (!maps.hasSynced() || !takesPart(namespace) || isRight(namespace)) {
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
                  .addToLabels(MANAGED_BY, US)
                  .withOwnerReferences(owners)
                  .endMetadata()
                  .addToData(KEY, roots.get())
                  .build())
          .fieldManager(US)
          .forceConflicts()
          .serverSideApply();
      LOG.log(System.Logger.Level.INFO, "wrote ConfigMap {0}/{1}", namespace, NAME);
    } catch (KubernetesClientException e) {
      // Looked at again with the next event or the next round; where the namespace is gone or
      // going, only if a pod comes after all.
      if (e.getCode() == HttpURLConnection.HTTP_NOT_FOUND
          || e.getCode() == HttpURLConnection.HTTP_FORBIDDEN) {
        withSidecars.remove(namespace);
      }
      LOG.log(
          System.Logger.Level.WARNING,
          "cannot write ConfigMap {0}/{1}: {2}",
          namespace,
          NAME,
          e.getMessage());
    }
  }

  private boolean takesPart(String namespace) {
    ConfigMap map = map(namespace);
    return namespaces.getStore().getByKey(namespace) != null
        || withSidecars.contains(namespace)
        // One of ours stays right for as long as it is there; another one of this name is not ours.
        || (map != null
            && map.getMetadata().getLabels() != null
            && US.equals(map.getMetadata().getLabels().get(MANAGED_BY)));
  }

  private @Nullable ConfigMap map(String namespace) {
    return maps.getStore().getByKey(namespace + "/" + NAME);
  }

  private static List<OwnerReference> owners(@Nullable Namespace home) {
    return home == null
        ? List.of()
        : List.of(
            new OwnerReferenceBuilder()
                .withApiVersion("v1")
                .withKind("Namespace")
                .withName(home.getMetadata().getName())
                .withUid(home.getMetadata().getUid())
                .build());
  }

  private boolean isRight(String namespace) {
    ConfigMap map = map(namespace);
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
