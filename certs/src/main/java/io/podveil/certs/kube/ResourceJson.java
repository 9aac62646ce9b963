package io.podveil.certs.kube;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonIncludeProperties;
import com.fasterxml.jackson.core.type.TypeReference;
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
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.zip.GZIPInputStream;

/**
 * How the API server's JSON is read: lists come compressed, and of a pod what {@link PodFacts}
 * needs is taken and the rest skipped before it becomes objects. A cluster's pods are some twenty
 * kilobytes each, and all of them are read before this program is ready. A byte out of TLS is
 * costly until the JDK's code for it is compiled; one unpacked is not, for that is native.
 */
public final class ResourceJson {
  private ResourceJson() {}

  /** Lets a client read it that way; one that never writes a pod. */
  public static KubernetesClientBuilder use(KubernetesClientBuilder client) {
    return client
        .withKubernetesSerialization(create())
        .withHttpClientBuilderConsumer(
            http -> http.addOrReplaceInterceptor("compressed-lists", new CompressedLists()));
  }

  static KubernetesSerialization create() {
    ObjectMapper mapper =
        new ObjectMapper()
            .addMixIn(PodSpec.class, OfSpec.class)
            .addMixIn(PodStatus.class, OfStatus.class)
            .addMixIn(ObjectMeta.class, OfMetadata.class);
    // Not searched for: that loads every class of every resource that Kubernetes has. What is not
    // named here is still read, by way of a tree.
    KubernetesSerialization json = new MaybeCompressed(mapper);
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

  /**
   * Unpacks what {@link CompressedLists} asked for; an API server may send it plain all the same.
   */
  private static final class MaybeCompressed extends KubernetesSerialization {
    // JSON can't begin with it.
    private static final int GZIP = 0x1f;
    private static final int UNPACKED_AT_ONCE = 8192;

    MaybeCompressed(ObjectMapper mapper) {
      super(mapper, false);
    }

    @Override
    public <T> T unmarshal(InputStream body, TypeReference<T> type) {
      try {
        InputStream in = new BufferedInputStream(body);
        in.mark(1);
        int first = in.read();
        in.reset();
        return super.unmarshal(
            first == GZIP ? new GZIPInputStream(in, UNPACKED_AT_ONCE) : in, type);
      } catch (IOException e) {
        throw KubernetesClientException.launderThrowable(e);
      }
    }
  }

  @JsonIncludeProperties({"serviceAccountName", "nodeName", "hostNetwork"})
  private interface OfSpec {}

  @JsonIncludeProperties({"phase", "podIP", "podIPs"})
  private interface OfStatus {}

  // Who wrote which field when; without it an update leaves it as it is.
  @JsonIgnoreProperties("managedFields")
  private interface OfMetadata {}
}
