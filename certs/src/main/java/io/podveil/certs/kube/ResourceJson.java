package io.podveil.certs.kube;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonIncludeProperties;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.certmanager.api.model.v1.CertificateRequest;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.Status;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.List;

/**
 * How the API server's JSON is read: of a pod what {@link PodFacts} needs, and the rest is skipped
 * before it becomes objects. A cluster's pods are some twenty kilobytes each, and all of them are
 * read before this program is ready.
 */
public final class ResourceJson {
  private ResourceJson() {}

  /** For a client that never writes a pod. */
  public static KubernetesSerialization create() {
    ObjectMapper mapper =
        new ObjectMapper()
            .addMixIn(PodSpec.class, OfSpec.class)
            .addMixIn(PodStatus.class, OfStatus.class)
            .addMixIn(ObjectMeta.class, OfMetadata.class);
    // Not searched for: that loads every class of every resource that Kubernetes has. What is not
    // named here is still read, by way of a tree.
    var json = new KubernetesSerialization(mapper, false);
    List.of(
            Pod.class,
            Service.class,
            EndpointSlice.class,
            Namespace.class,
            ConfigMap.class,
            Secret.class,
            CertificateRequest.class,
            Status.class)
        .forEach(json::registerKubernetesResource);
    return json;
  }

  @JsonIncludeProperties({"serviceAccountName", "nodeName", "hostNetwork"})
  private interface OfSpec {}

  @JsonIncludeProperties({"phase", "podIP", "podIPs"})
  private interface OfStatus {}

  // Who wrote which field when; without it an update leaves it as it is.
  @JsonIgnoreProperties("managedFields")
  private interface OfMetadata {}
}
