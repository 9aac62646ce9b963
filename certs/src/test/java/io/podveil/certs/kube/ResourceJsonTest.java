package io.podveil.certs.kube;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import org.junit.jupiter.api.Test;

final class ResourceJsonTest {
  private static final String POD =
      """
      {"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"shop","name":"cart-1","uid":"7","resourceVersion":"9",
       "creationTimestamp":"2026-01-01T00:00:00Z","labels":{"podveil.io/injected":"true"},
       "annotations":{"podveil.io/exclude-inbound-ports":"22"},"managedFields":[{"manager":"kubelet"}]},
       "spec":{"serviceAccountName":"cart","nodeName":"node1","hostNetwork":true,"containers":[{"name":"app"}]},
       "status":{"phase":"Failed","podIP":"10.0.0.7","podIPs":[{"ip":"10.0.0.7"},{"ip":"fd00::7"}],
       "containerStatuses":[{"name":"app"}]}}\
      """;

  private final KubernetesSerialization json = ResourceJson.create();

  @Test
  void readsAllThatIsNeededOfAPodAndNothingElse() {
    Pod pod = json.unmarshal(POD, Pod.class);

    Pod whole = new KubernetesSerialization().unmarshal(POD, Pod.class);
    assertThat(PodFacts.of(pod)).isEqualTo(PodFacts.of(whole));
    assertThat(PodFacts.of(pod).ended()).isTrue();
    assertThat(whole.getSpec().getContainers()).isNotEmpty();
    assertThat(pod.getSpec().getContainers()).isEmpty();
    assertThat(pod.getStatus().getContainerStatuses()).isEmpty();
    assertThat(pod.getMetadata().getManagedFields()).isEmpty();
  }

  @Test
  void knowsAPodWithoutBeingToldThatItIsOneAndKeepsWhatItDoesNotKnow() {
    HasMetadata pod = json.unmarshal(POD);
    assertThat(pod).isInstanceOf(Pod.class);

    HasMetadata other = json.unmarshal(POD.replace("\"Pod\"", "\"Other\""));
    assertThat(json.convertValue(other, Pod.class).getSpec().getNodeName()).isEqualTo("node1");
  }
}
