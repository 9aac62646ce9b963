package io.podveil.certs.kube;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Set;

/** Finds the pod behind a token, with the addresses that it says it has. */
public final class PodLookup {
  private static final Duration PAUSE = Duration.ofMillis(100);

  private final KubernetesClient client;
  private final ClusterState state;
  private final Duration patience;

  /**
   * @param patience how long an address is waited for: a pod that starts knows its address a moment
   *     before the API server does
   */
  public PodLookup(KubernetesClient client, ClusterState state, Duration patience) {
    this.client = client;
    this.state = state;
    this.patience = patience;
  }

  /** What is known of the pod. */
  public sealed interface Finding {
    /** This is it. It has the addresses, unless waiting for them was in vain. */
    record Found(PodFacts pod) implements Finding {}

    /** There is no such pod, or another one has its name. */
    record Gone() implements Finding {}

    /** Nobody answered. */
    record Unavailable(String why) implements Finding {}
  }

  /** Looks it up. Blocks. */
  public Finding find(PodReference reference, Set<InetAddress> addresses) {
    // The token was reviewed a moment ago and its pod is alive, so news may be a little late.
    PodFacts known = state.pod(reference.namespace(), reference.name()).orElse(null);
    if (known != null && known.is(reference) && known.addresses().containsAll(addresses)) {
      return new Finding.Found(known);
    }
    long deadline = System.nanoTime() + patience.toNanos();
    Finding finding = ask(reference);
    while (finding instanceof Finding.Found(PodFacts pod)
        && !pod.addresses().containsAll(addresses)
        && System.nanoTime() < deadline) {
      if (!pause()) {
        return new Finding.Unavailable("the server is stopping");
      }
      finding = ask(reference);
    }
    return finding;
  }

  private Finding ask(PodReference reference) {
    try {
      Pod pod = client.pods().inNamespace(reference.namespace()).withName(reference.name()).get();
      if (pod == null) {
        return new Finding.Gone();
      }
      PodFacts facts = PodFacts.of(pod);
      return facts.is(reference) ? new Finding.Found(facts) : new Finding.Gone();
    } catch (KubernetesClientException e) {
      return new Finding.Unavailable(
          "the API server did not say what pod this is: " + e.getMessage());
    }
  }

  private static boolean pause() {
    try {
      Thread.sleep(PAUSE);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
