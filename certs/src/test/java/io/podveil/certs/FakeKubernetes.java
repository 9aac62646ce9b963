package io.podveil.certs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodIP;
import io.fabric8.kubernetes.api.model.authentication.TokenReview;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.server.mock.KubernetesMixedDispatcher;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.mockwebserver.Context;
import io.fabric8.mockwebserver.MockWebServer;
import io.fabric8.mockwebserver.ServerRequest;
import io.fabric8.mockwebserver.ServerResponse;
import io.fabric8.mockwebserver.dsl.HttpMethod;
import io.fabric8.mockwebserver.http.Buffer;
import io.fabric8.mockwebserver.http.MockResponse;
import io.fabric8.mockwebserver.http.RecordedRequest;
import io.podveil.certs.kube.PodReference;
import io.podveil.certs.kube.ResourceJson;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;

/**
 * An API server that keeps what it is given, and reviews the tokens that it was told about. What it
 * does not do: garbage collection, admission, and binding tokens to the life of their pods.
 */
public final class FakeKubernetes implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Map<String, PodReference> tokens = new ConcurrentHashMap<>();
  private final KubernetesMockServer server;
  private final KubernetesClient client;

  public FakeKubernetes() {
    Map<ServerRequest, Queue<ServerResponse>> responses = new ConcurrentHashMap<>();
    server =
        new KubernetesMockServer(
            new Context(),
            new MockWebServer(),
            responses,
            new ApplyingDispatcher(responses),
            false);
    server.init();
    server
        .expect()
        .post()
        .withPath("/apis/authentication.k8s.io/v1/tokenreviews")
        .andReply(201, this::review)
        .always();
    // As serve reads what it is sent.
    client = server.createClient(ResourceJson::use);
  }

  public KubernetesClient client() {
    return client;
  }

  public KubernetesMockServer server() {
    return server;
  }

  /** Lets a token be that pod's, for the audience {@code podveil}. */
  public void accept(String token, Pod pod) {
    tokens.put(
        token,
        new PodReference(
            pod.getMetadata().getNamespace(),
            pod.getSpec().getServiceAccountName(),
            pod.getMetadata().getName(),
            pod.getMetadata().getUid()));
  }

  /** Makes a namespace. */
  public void namespace(String name, Map<String, String> labels) {
    client
        .namespaces()
        .resource(
            new NamespaceBuilder()
                .withNewMetadata()
                .withName(name)
                .withLabels(labels)
                .endMetadata()
                .build())
        .create();
  }

  /** A pod that carries the sidecar. */
  public Pod meshedPod(String namespace, String account, String name, String... addresses) {
    return client.pods().resource(pod(namespace, account, name, true, addresses)).create();
  }

  /** A pod that does not. */
  public Pod plainPod(String namespace, String account, String name, String... addresses) {
    return client.pods().resource(pod(namespace, account, name, false, addresses)).create();
  }

  static Pod pod(
      String namespace, String account, String name, boolean injected, String... addresses) {
    List<PodIP> ips = Arrays.stream(addresses).map(PodIP::new).toList();
    return new PodBuilder()
        .withNewMetadata()
        .withNamespace(namespace)
        .withName(name)
        .addToLabels("podveil.io/injected", Boolean.toString(injected))
        .endMetadata()
        .withNewSpec()
        .withServiceAccountName(account)
        .withNodeName("node1")
        .endSpec()
        .withNewStatus()
        .withPhase("Running")
        .withPodIP(addresses.length == 0 ? "" : addresses[0])
        .withPodIPs(ips)
        .endStatus()
        .build();
  }

  private TokenReview review(RecordedRequest request) {
    try {
      JsonNode spec = JSON.readTree(request.getUtf8Body()).get("spec");
      PodReference pod = tokens.get(spec.get("token").asText());
      boolean audience = spec.get("audiences").toString().equals("[\"podveil\"]");
      return pod == null || !audience ? rejected() : accepted(pod);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static TokenReview rejected() {
    return new TokenReviewBuilder()
        .withNewStatus()
        .withAuthenticated(false)
        .withError("[invalid bearer token]")
        .endStatus()
        .build();
  }

  private static TokenReview accepted(PodReference pod) {
    return new TokenReviewBuilder()
        .withNewStatus()
        .withAuthenticated(true)
        .withAudiences("podveil")
        .withNewUser()
        .withUsername("system:serviceaccount:" + pod.namespace() + ":" + pod.serviceAccount())
        .addToExtra("authentication.kubernetes.io/pod-name", List.of(pod.name()))
        .addToExtra("authentication.kubernetes.io/pod-uid", List.of(pod.uid()))
        .endUser()
        .endStatus()
        .build();
  }

  /** Knows server-side apply too, as far as it is used here: the resource becomes what is sent. */
  private static final class ApplyingDispatcher extends KubernetesMixedDispatcher {
    ApplyingDispatcher(Map<ServerRequest, Queue<ServerResponse>> responses) {
      super(responses);
    }

    @Override
    public MockResponse dispatch(RecordedRequest request) {
      String type = String.valueOf(request.getHeader("Content-Type"));
      if (request.method() != HttpMethod.PATCH || !type.startsWith("application/apply-patch")) {
        return super.dispatch(request);
      }
      // A body can be read once only.
      String body = request.getUtf8Body();
      String path = request.getPath().replaceFirst("\\?.*", "");
      MockResponse replaced = super.dispatch(as(HttpMethod.PUT, path, request, body));
      return replaced.code() == 404
          ? super.dispatch(as(HttpMethod.POST, path.replaceFirst("/[^/]+$", ""), request, body))
          : replaced;
    }

    private static RecordedRequest as(
        HttpMethod method, String path, RecordedRequest request, String body) {
      return new RecordedRequest(
          request.getHttpVersion(),
          method,
          path,
          request.getHeaders(),
          new Buffer().writeUtf8(body));
    }
  }

  @Override
  public void close() {
    client.close();
    server.destroy();
  }
}
