package io.podveil.certs.api;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.podveil.certs.kube.TokenReviews;
import io.podveil.certs.kube.TokenReviews.Verdict;
import io.podveil.certs.peers.PeerAddress;
import io.podveil.certs.peers.PeerAnswer;
import io.podveil.certs.peers.PeerDirectory;
import java.net.InetAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** {@code POST /v1/peers}: what lives at these addresses. */
public final class PeersEndpoint implements Endpoint {
  private static final int MAX_ADDRESSES = 500;

  private final PeerDirectory directory;
  private final TokenReviews tokens;
  // Those with a certificate cost nothing but a look at the caches.
  private final RateLimit tokensPerAddress;

  public PeersEndpoint(PeerDirectory directory, TokenReviews tokens, InstantSource clock) {
    this.directory = directory;
    this.tokens = tokens;
    this.tokensPerAddress = new RateLimit(30, Duration.ofSeconds(1), clock);
  }

  /** A question, or what is wrong with it. */
  sealed interface Question {
    /** What lives there? Each address with its text, as the answer repeats it. */
    record Of(List<Asked> addresses) implements Question {}

    /** It cannot be understood. */
    record Wrong(String why) implements Question {}

    /** One of the addresses. */
    record Asked(String text, PeerAddress address) {}
  }

  @Override
  public String path() {
    return "/v1/peers";
  }

  @Override
  public int maxBody() {
    return 64 * 1024;
  }

  @Override
  public Reply answer(Call call) {
    Optional<Reply> stranger = call.peer().isPresent() ? Optional.empty() : check(call);
    if (stranger.isPresent()) {
      return stranger.get();
    }
    return switch (read(call.body())) {
      case Question.Wrong(String why) -> Problem.REQUEST_UNREADABLE.reply(why);
      case Question.Of(List<Question.Asked> addresses) -> Reply.ok(answers(addresses, call.from()));
    };
  }

  /** Reads a question, whatever it is. */
  static Question read(String body) {
    JsonNode addresses = Json.read(body).map(object -> object.get("addresses")).orElse(null);
    if (!(addresses instanceof ArrayNode list)) {
      return new Question.Wrong("send {\"addresses\": [\"10.1.2.3:80\", \"[fd00::7]:443\"]}");
    }
    if (list.size() > MAX_ADDRESSES) {
      return new Question.Wrong("at most 500 addresses a call, not " + list.size());
    }
    List<Question.Asked> asked = new ArrayList<>(list.size());
    for (JsonNode node : list) {
      Optional<PeerAddress> address = PeerAddress.parse(node.asText());
      if (!node.isTextual() || address.isEmpty()) {
        return new Question.Wrong(
            "entry %d is no address with a port, such as 10.1.2.3:80 or [fd00::7]:443"
                .formatted(asked.size()));
      }
      asked.add(new Question.Asked(node.asText(), address.get()));
    }
    return new Question.Of(asked);
  }

  private Optional<Reply> check(Call call) {
    if (call.bearer().isEmpty()) {
      return Optional.of(
          Problem.TOKEN_MISSING.reply("show a mesh certificate, or send the pod's token"));
    }
    Duration wait = tokensPerAddress.take(call.from().getHostAddress());
    if (wait.isPositive()) {
      return Optional.of(
          Problem.TOO_MANY_REQUESTS.reply("too many requests from this address", wait));
    }
    return switch (tokens.review(call.bearer().get())) {
      case Verdict.Accepted _ -> Optional.empty();
      case Verdict.Rejected(String why) -> Optional.of(Problem.TOKEN_INVALID.reply(why));
      case Verdict.Unavailable(String why) ->
          Optional.of(Problem.KUBERNETES_UNAVAILABLE.reply(why));
    };
  }

  private ObjectNode answers(List<Question.Asked> addresses, InetAddress from) {
    ObjectNode body = Json.object();
    ArrayNode peers = body.putArray("peers");
    for (Question.Asked asked : addresses) {
      peers.add(json(asked.text(), directory.at(asked.address(), from)));
    }
    return body;
  }

  private static ObjectNode json(String address, PeerAnswer answer) {
    ObjectNode json = Json.object().put("address", address);
    switch (answer) {
      case PeerAnswer.OfPod _ -> json.put("kind", "pod");
      case PeerAnswer.OfService _ -> json.put("kind", "service");
      case PeerAnswer.Unknown _ -> json.put("kind", "unknown");
    }
    json.put("meshed", answer.meshed());
    ArrayNode identities = json.putArray("identities");
    answer.identities().stream().map(Object::toString).sorted().forEach(identities::add);
    if (answer instanceof PeerAnswer.OfService service) {
      json.put("sessionAffinity", service.sessionAffinity());
      ArrayNode endpoints = json.putArray("endpoints");
      service.endpoints().forEach(endpoint -> endpoints.add(json(endpoint)));
    }
    return json.put("maxAge", answer.maxAge().toSeconds());
  }

  private static ObjectNode json(PeerAnswer.Endpoint endpoint) {
    ObjectNode json =
        Json.object()
            .put("address", endpoint.address().toString())
            .put("meshed", endpoint.identity().isPresent());
    endpoint.identity().ifPresent(id -> json.put("identity", id.toString()));
    return json.put("sameNode", endpoint.sameNode()).put("sameZone", endpoint.sameZone());
  }
}
