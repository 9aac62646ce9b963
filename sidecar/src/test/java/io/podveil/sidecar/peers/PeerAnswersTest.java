package io.podveil.sidecar.peers;

import static org.assertj.core.api.Assertions.assertThat;

import io.podveil.sidecar.identity.SpiffeId;
import io.podveil.sidecar.peers.Peer.Affinity;
import io.podveil.sidecar.peers.Peer.Endpoint;
import io.podveil.sidecar.peers.Peer.Meshed;
import io.podveil.sidecar.peers.Peer.NotMeshed;
import io.podveil.sidecar.peers.Peer.Service;
import io.podveil.sidecar.peers.PeerAnswers.Known;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against the golden files of podveil-certs, which its own tests hold it to. */
class PeerAnswersTest {
  private static final Path CONTRACT = Path.of("../certs/src/test/resources/contract");
  private static final Duration MINUTE = Duration.ofMinutes(1);
  private static final Duration MOMENT = Duration.ofSeconds(5);
  private static final Meshed CART =
      new Meshed(Set.of(SpiffeId.parse("spiffe://cluster.local/ns/shop/sa/cart")));

  @ParameterizedTest
  @ValueSource(
      strings = {
        "peers-pods",
        "peers-service",
        "peers-service-mixed",
        "peers-service-affinity",
        "peers-plain-port",
        "peers-unknown"
      })
  void asksAsTheContractSaysAndUnderstandsEveryAnswer(String name) throws IOException {
    List<InetSocketAddress> asked = asked(name);

    assertThat(new JsonObject(PeerAnswers.question(asked)))
        .isEqualTo(new JsonObject(golden(name + ".request.json")));
    assertThat(read(name)).containsOnlyKeys(asked);
  }

  @Test
  void tellsMeshedPodsFromOthers() throws IOException {
    assertThat(read("peers-pods"))
        .containsEntry(at("10.244.1.3", 8080), new Known(CART, MINUTE))
        .containsEntry(at("fd44::1:3", 8080), new Known(CART, MINUTE))
        .containsEntry(at("10.244.2.4", 80), new Known(new NotMeshed(), MOMENT));
    assertThat(read("peers-plain-port"))
        .containsEntry(at("10.244.1.5", 8080), new Known(CART, MINUTE))
        .containsEntry(at("10.244.1.5", 9091), new Known(new NotMeshed(), MOMENT));
  }

  @Test
  void knowsTheEndpointsOfAService() throws IOException {
    assertThat(read("peers-service"))
        .containsEntry(
            at("10.96.0.10", 80),
            new Known(
                new Service(
                    List.of(
                        new Endpoint(at("10.244.1.3", 8080), CART),
                        new Endpoint(at("10.244.2.3", 8080), CART)),
                    Affinity.NONE),
                MOMENT))
        .containsEntry(at("10.96.0.13", 80), new Known(new NotMeshed(), MOMENT));
    assertThat(read("peers-service-affinity").get(at("10.96.0.12", 80)))
        .extracting(Known::peer)
        .isEqualTo(
            new Service(List.of(new Endpoint(at("10.244.2.3", 8080), CART)), Affinity.CLIENT));
    assertThat(read("peers-service-mixed").get(at("10.96.0.11", 80)))
        .isEqualTo(
            new Known(
                new Service(
                    List.of(
                        new Endpoint(at("10.244.1.3", 8080), CART),
                        new Endpoint(at("10.244.2.4", 8080), new NotMeshed()),
                        new Endpoint(at("172.30.0.11", 8080), new NotMeshed())),
                    Affinity.NONE),
                MOMENT));
  }

  @Test
  void believesNothingForLongerThanItShould() {
    InetSocketAddress asked = at("10.0.0.1", 80);
    String answer =
        """
        {"peers": [{"address": "10.0.0.1:80", "kind": "unknown", "meshed": false, "maxAge": 9999}]}
        """;

    assertThat(PeerAnswers.read(answer, List.of(asked)))
        .contains(Map.of(asked, new Known(new NotMeshed(), MOMENT)));
    assertThat(PeerAnswers.read(answer, List.of(at("10.0.0.2", 80)))).contains(Map.of());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "null",
        "{\"peers\": 1}",
        "{\"peers\": [null]}",
        "{\"peers\": [[]]}",
        "{\"peers\": [{}]}",
        "{\"peers\": [{\"address\": \"example.org:80\"}]}",
        "{\"peers\": [{\"address\": \"10.0.0.1\"}]}",
        "{\"peers\": [{\"address\": \"10.0.0.1:99999\"}]}",
        "{\"peers\": [{\"address\": \"10.0.0.1:80\", \"kind\": \"pod\"}]}",
        "{\"peers\": [{\"address\": \"10.0.0.1:80\", \"kind\": \"pod\", \"meshed\": true}]}",
        "{\"peers\": [{\"address\": \"10.0.0.1:80\", \"kind\": \"pod\", \"meshed\": true,"
            + " \"identities\": [\"cart\"]}]}",
        "{\"peers\": [{\"address\": \"10.0.0.1:80\", \"kind\": \"service\", \"meshed\": true,"
            + " \"endpoints\": [{\"address\": \"10.0.0.2:80\", \"meshed\": true}]}]}",
      })
  void garbageIsNoAnswer(String json) {
    assertThat(PeerAnswers.read(json, List.of(at("10.0.0.1", 80)))).isEmpty();
  }

  private static Map<InetSocketAddress, Known> read(String name) throws IOException {
    return PeerAnswers.read(golden(name + ".answer.json"), asked(name)).orElseThrow();
  }

  private static List<InetSocketAddress> asked(String name) throws IOException {
    List<InetSocketAddress> asked = new ArrayList<>();
    for (Object address :
        new JsonObject(golden(name + ".request.json")).getJsonArray("addresses")) {
      String text = String.valueOf(address);
      int colon = text.lastIndexOf(':');
      asked.add(
          at(
              text.substring(0, colon).replaceAll("[\\[\\]]", ""),
              Integer.parseInt(text.substring(colon + 1))));
    }
    return asked;
  }

  private static String golden(String file) throws IOException {
    return Files.readString(CONTRACT.resolve(file));
  }

  private static InetSocketAddress at(String address, int port) {
    return new InetSocketAddress(InetAddress.ofLiteral(address), port);
  }
}
