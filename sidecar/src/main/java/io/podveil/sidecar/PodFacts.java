package io.podveil.sidecar;

import io.netty.util.NetUtil;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.InetAddress;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * What Kubernetes knows of the pod that we are in; outside of Kubernetes all of it is empty. Who we
 * are is not decided by it: podveil-certs believes the token.
 *
 * @param addresses the pod's, the first of them the main one
 */
public record PodFacts(
    String namespace, String name, String uid, String serviceAccount, Set<InetAddress> addresses) {
  /** Takes a copy of the set. */
  public PodFacts {
    addresses = Collections.unmodifiableSet(new LinkedHashSet<>(addresses));
  }

  static PodFacts from(Settings settings) {
    return new PodFacts(
        settings.get(Options.POD_NAMESPACE),
        settings.get(Options.POD_NAME),
        settings.get(Options.POD_UID),
        settings.get(Options.SERVICE_ACCOUNT),
        settings.get(Options.POD_IPS));
  }

  /** To stand behind who we are in a log line; nothing outside of Kubernetes. */
  String inLog() {
    return name.isEmpty() ? "" : " in pod " + namespace + "/" + name;
  }

  JsonObject inState() {
    return new JsonObject()
        .put("namespace", namespace)
        .put("name", name)
        .put("uid", uid)
        .put("serviceAccount", serviceAccount)
        .put("addresses", new JsonArray(addresses.stream().map(NetUtil::toAddressString).toList()));
  }
}
