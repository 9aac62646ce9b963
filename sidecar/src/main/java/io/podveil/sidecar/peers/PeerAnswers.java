package io.podveil.sidecar.peers;

import io.netty.util.NetUtil;
import io.podveil.sidecar.identity.SpiffeId;
import io.podveil.sidecar.peers.Peer.Affinity;
import io.podveil.sidecar.peers.Peer.Endpoint;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The JSON of {@code /v1/peers}, which golden files that podveil-certs reads too pin down. */
final class PeerAnswers {
  /** Longer than this nothing is believed, whatever the answer says. */
  static final Duration MESHED_MAX_AGE = Duration.ofMinutes(1);

  static final Duration NOT_MESHED_MAX_AGE = Duration.ofSeconds(5);

  /** One address's answer. */
  record Known(Peer peer, Duration maxAge) {}

  private PeerAnswers() {}

  static String question(Collection<InetSocketAddress> addresses) {
    JsonArray texts = new JsonArray();
    addresses.forEach(address -> texts.add(NetUtil.toSocketAddressString(address)));
    return new JsonObject().put("addresses", texts).encode();
  }

  /** What the answer says of these addresses; of others nothing is believed. Empty: unreadable. */
  static Optional<Map<InetSocketAddress, Known>> read(
      String json, Collection<InetSocketAddress> asked) {
    Set<InetSocketAddress> wanted = new HashSet<>(asked);
    Map<InetSocketAddress, Known> known = new HashMap<>();
    try {
      for (JsonObject peer : objects(new JsonObject(json), "peers")) {
        InetSocketAddress address = address(text(peer, "address"));
        if (wanted.contains(address)) {
          known.put(address, known(peer));
        }
      }
      return Optional.of(known);
    } catch (DecodeException | ClassCastException | IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static Known known(JsonObject json) {
    boolean meshed = meshed(json);
    Peer peer =
        text(json, "kind").equals("service")
            ? service(json)
            : meshed ? new Peer.Meshed(identities(json)) : new Peer.NotMeshed();
    Duration longest = meshed ? MESHED_MAX_AGE : NOT_MESHED_MAX_AGE;
    Duration said = Duration.ofSeconds(Math.max(0, json.getLong("maxAge", 0L)));
    return new Known(peer, said.compareTo(longest) < 0 ? said : longest);
  }

  private static Peer service(JsonObject json) {
    List<Endpoint> endpoints = new ArrayList<>();
    for (JsonObject endpoint : objects(json, "endpoints")) {
      Peer peer =
          meshed(endpoint)
              ? new Peer.Meshed(Set.of(SpiffeId.parse(text(endpoint, "identity"))))
              : new Peer.NotMeshed();
      endpoints.add(new Endpoint(address(text(endpoint, "address")), peer));
    }
    Affinity affinity = json.getBoolean("sessionAffinity", false) ? Affinity.CLIENT : Affinity.NONE;
    return endpoints.stream().anyMatch(endpoint -> endpoint.peer() instanceof Peer.Meshed)
        ? new Peer.Service(endpoints, affinity)
        : new Peer.NotMeshed();
  }

  private static Set<SpiffeId> identities(JsonObject json) {
    Set<SpiffeId> identities = new HashSet<>();
    for (Object identity : json.getJsonArray("identities", new JsonArray())) {
      identities.add(SpiffeId.parse(String.valueOf(identity)));
    }
    return identities;
  }

  private static boolean meshed(JsonObject json) {
    Boolean meshed = json.getBoolean("meshed");
    if (meshed == null) {
      throw new IllegalArgumentException("there is no \"meshed\"");
    }
    return meshed;
  }

  private static List<JsonObject> objects(JsonObject json, String name) {
    JsonArray array = json.getJsonArray(name);
    List<JsonObject> objects = new ArrayList<>();
    for (int i = 0; array != null && i < array.size(); i++) {
      JsonObject object = array.getJsonObject(i);
      if (object == null) {
        throw new IllegalArgumentException("a null among the " + name);
      }
      objects.add(object);
    }
    return objects;
  }

  private static String text(JsonObject json, String name) {
    String text = json.getString(name);
    if (text == null) {
      throw new IllegalArgumentException("there is no " + name);
    }
    return text;
  }

  private static InetSocketAddress address(String text) {
    int colon = text.lastIndexOf(':');
    if (colon < 1) {
      throw new IllegalArgumentException("no port");
    }
    String literal = text.substring(0, colon).replaceAll("^\\[|]$", "");
    return new InetSocketAddress(
        InetAddress.ofLiteral(literal), Integer.parseInt(text.substring(colon + 1)));
  }
}
