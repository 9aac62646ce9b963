package io.podveil.certs.kube;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Values by their key, and by what they are looked up with. One thread at a time writes; readers
 * never wait, and see each value wholly or not at all.
 *
 * @param <I> what values are looked up with
 * @param <F> the values
 */
final class Catalogue<I, F> {
  private final Function<F, Collection<I>> index;
  private final Map<String, F> byKey = new ConcurrentHashMap<>();
  private final Map<I, List<F>> byIndex = new ConcurrentHashMap<>();

  Catalogue(Function<F, Collection<I>> index) {
    this.index = index;
  }

  Optional<F> get(String key) {
    return Optional.ofNullable(byKey.get(key));
  }

  List<F> find(I value) {
    return byIndex.getOrDefault(value, List.of());
  }

  int size() {
    return byKey.size();
  }

  synchronized void put(String key, F facts) {
    F before = byKey.put(key, facts);
    if (facts.equals(before)) {
      return;
    }
    // First the new, then the old: a value that only changed is there at any moment.
    index.apply(facts).forEach(value -> byIndex.merge(value, List.of(facts), Catalogue::join));
    forget(before);
  }

  synchronized void remove(String key) {
    forget(byKey.remove(key));
  }

  private void forget(@Nullable F facts) {
    if (facts != null) {
      index
          .apply(facts)
          .forEach(value -> byIndex.computeIfPresent(value, (v, all) -> without(all, facts)));
    }
  }

  private static <F> List<F> join(List<F> some, List<F> more) {
    List<F> all = new ArrayList<>(some);
    all.addAll(more);
    return List.copyOf(all);
  }

  private static <F> @Nullable List<F> without(List<F> all, F facts) {
    List<F> rest = all.stream().filter(other -> !other.equals(facts)).toList();
    return rest.isEmpty() ? null : rest;
  }
}
