package io.podveil.certs.kube;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.client.informers.cache.ItemStore;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What an informer must remember to tell news from old: which resources there are, in which
 * version. The resources themselves are let go; a pod is some twenty kilobytes, its stub is not.
 */
final class StubStore<T extends HasMetadata> implements ItemStore<T> {
  private final Map<String, T> stubs = new ConcurrentHashMap<>();

  @Override
  public String getKey(T resource) {
    return resource.getMetadata().getNamespace() + "/" + resource.getMetadata().getName();
  }

  @Override
  public @Nullable T put(String key, T resource) {
    return stubs.put(key, stub(resource));
  }

  @Override
  public @Nullable T remove(String key) {
    return stubs.remove(key);
  }

  @Override
  public Stream<String> keySet() {
    return stubs.keySet().stream();
  }

  @Override
  public Stream<T> values() {
    return stubs.values().stream();
  }

  @Override
  public int size() {
    return stubs.size();
  }

  @Override
  public @Nullable T get(String key) {
    return stubs.get(key);
  }

  @Override
  public boolean isFullState() {
    return false;
  }

  @SuppressWarnings("unchecked")
  private T stub(T resource) {
    try {
      T stub = (T) resource.getClass().getDeclaredConstructor().newInstance();
      ObjectMeta full = resource.getMetadata();
      ObjectMeta metadata = new ObjectMeta();
      metadata.setNamespace(full.getNamespace().intern());
      metadata.setName(full.getName());
      metadata.setUid(full.getUid());
      metadata.setResourceVersion(full.getResourceVersion());
      // An empty list is forty bytes, an empty map a hundred, and each stub would have six of them.
      metadata.setAnnotations(null);
      metadata.setLabels(null);
      metadata.setAdditionalProperties(null);
      metadata.setFinalizers(null);
      metadata.setManagedFields(null);
      metadata.setOwnerReferences(null);
      stub.setMetadata(metadata);
      return stub;
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("every resource of the model can be made empty", e);
    }
  }
}
