package io.podveil.certs.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import io.podveil.certs.kube.ClusterState;
import io.podveil.certs.kube.TokenReviews;
import io.podveil.certs.peers.PeerDirectory;
import io.podveil.certs.signer.Names;
import io.podveil.certs.signer.SpiffeId;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What {@code /v1/peers} says, as files that the other side's tests read too: {@code
 * contract/cluster.yaml} is what there is, and of each question the answer.
 */
final class PeersContractTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final KubernetesSerialization YAML = new KubernetesSerialization();
  private static final InetAddress CALLER = InetAddress.ofLiteral("10.244.1.2");

  private final ClusterState cluster = cluster();
  private final PeersEndpoint endpoint =
      new PeersEndpoint(
          new PeerDirectory(cluster, "cluster.local"),
          new TokenReviews(new KubernetesClientBuilder().build(), "podveil"),
          InstantSource.system());

  @ParameterizedTest
  @ValueSource(
      strings = {"pods", "service", "service-mixed", "service-affinity", "unknown", "plain-port"})
  void answersAsTheContractSays(String name) throws IOException {
    Reply reply = endpoint.answer(callOf(read("peers-" + name + ".request.json")));
    assertThat(reply.status()).isEqualTo(200);
    assertThat(JSON.readTree(reply.body()))
        .isEqualTo(JSON.readTree(read("peers-" + name + ".answer.json")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{}",
        "[]",
        "{\"addresses\":1}",
        "{\"addresses\":[1]}",
        "{\"addresses\":[null]}",
        "{\"addresses\":[\"localhost:80\"]}",
        "{\"addresses\":[[]]}",
        "{\"addresses\":[],\"addresses\":[]}",
        "{\"addresses\":[]} x",
        "[[[[[[[[[[[[["
      })
  void refusesWhatIsNoQuestion(String body) {
    assertThat(endpoint.answer(callOf(body)).outcome()).isEqualTo("request-unreadable");
  }

  @Test
  void answersFiveHundredAndNoMore() {
    assertThat(endpoint.answer(callOf(question(500))).status()).isEqualTo(200);
    assertThat(endpoint.answer(callOf(question(501))).body()).contains("not 501");
  }

  @Test
  void knowsNothingOfAPodThatIsGone() {
    Pod caller = YAML.unmarshal(document("name: web-1\n"), Pod.class);
    cluster.remove(caller);
    assertThat(endpoint.answer(callOf("{\"addresses\":[\"10.244.1.2:80\"]}")).body())
        .contains("\"kind\":\"unknown\"");
  }

  @Test
  void ofTwoPodsAtOneAddressTheYoungerCounts() {
    String yaml = document("name: web-1\n");
    Pod old = YAML.unmarshal(yaml.replace("web-1", "old").replace("2026", "2025"), Pod.class);
    old.getSpec().setServiceAccountName("old");
    cluster.put(old);
    assertThat(endpoint.answer(callOf("{\"addresses\":[\"10.244.1.2:80\"]}")).body())
        .contains("sa/web")
        .doesNotContain("sa/old");
  }

  private static String question(int addresses) {
    return "{\"addresses\":["
        + String.join(",", Collections.nCopies(addresses, "\"10.0.0.1:80\""))
        + "]}";
  }

  private static Call callOf(String body) {
    SpiffeId web = SpiffeId.ofServiceAccount("cluster.local", "shop", "web");
    return new Call(Optional.empty(), Optional.of(Names.of(web, List.of())), CALLER, body);
  }

  private static ClusterState cluster() {
    ClusterState state = new ClusterState();
    for (String document : documents()) {
      if (document.contains("kind: Pod\n")) {
        state.put(YAML.unmarshal(document, Pod.class));
      } else if (document.contains("kind: Service\n")) {
        state.put(YAML.unmarshal(document, Service.class));
      } else if (document.contains("kind: EndpointSlice\n")) {
        state.put(YAML.unmarshal(document, EndpointSlice.class));
      }
    }
    return state;
  }

  private static String document(String part) {
    return documents().stream().filter(text -> text.contains(part)).findFirst().orElseThrow();
  }

  private static List<String> documents() {
    return List.of(read("cluster.yaml").split("---\n", -1));
  }

  private static String read(String name) {
    try (InputStream in = PeersContractTest.class.getResourceAsStream("/contract/" + name)) {
      return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
