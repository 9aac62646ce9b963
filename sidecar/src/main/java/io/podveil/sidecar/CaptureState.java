package io.podveil.sidecar;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;

/** The part of the configuration that capture rules depend on, for /state. */
final class CaptureState {
  private CaptureState() {}

  static JsonObject of(Configuration configuration) {
    Configuration.Interception interception = configuration.interception();
    JsonArray mtls = new JsonArray();
    configuration.mtlsCidrs().forEach(cidr -> mtls.add(cidr.toString()));
    JsonArray excluded = new JsonArray();
    interception.excludedOutboundCidrs().forEach(cidr -> excluded.add(cidr.toString()));
    return new JsonObject()
        .put("inbound", configuration.inbound().name().toLowerCase(java.util.Locale.ROOT))
        .put("tcpPort", interception.listeners().tcp())
        .put("tlsPort", interception.listeners().tls())
        .put("adminPort", interception.listeners().admin())
        .put("mtlsCidrs", mtls)
        .put("excludeInboundPorts", interception.excludedInboundPorts().toString())
        .put("excludeOutboundPorts", interception.excludedOutboundPorts().toString())
        .put("excludeOutboundCidrs", excluded);
  }
}
