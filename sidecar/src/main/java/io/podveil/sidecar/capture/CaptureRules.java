package io.podveil.sidecar.capture;

import io.podveil.sidecar.net.Cidr;
import io.podveil.sidecar.net.Ports;
import java.util.List;

/**
 * What is to be captured, as a value.
 *
 * @param egressPort where the sidecar takes what the app sends out
 * @param ingressPort where the sidecar takes what arrives for the app
 * @param adminPort reachable from outside as it is
 * @param excludeInboundPorts ports of the app that are reachable from outside as they are
 * @param excludeOutboundPorts ports to which the app speaks as it is
 * @param excludeOutboundCidrs addresses to which the app speaks as it is
 */
public record CaptureRules(
    int egressPort,
    int ingressPort,
    int adminPort,
    Ports excludeInboundPorts,
    Ports excludeOutboundPorts,
    List<Cidr> excludeOutboundCidrs) {
  /** Checks that the three ports differ and that none of the sidecar's own is excluded. */
  public CaptureRules {
    excludeOutboundCidrs = List.copyOf(excludeOutboundCidrs);
    if (egressPort == ingressPort || ingressPort == adminPort || adminPort == egressPort) {
      throw new IllegalArgumentException(
          "the egress, ingress and admin ports must differ, but are %d, %d and %d"
              .formatted(egressPort, ingressPort, adminPort));
    }
    for (int port : List.of(egressPort, ingressPort)) {
      if (excludeInboundPorts.contains(port)) {
        throw new IllegalArgumentException(
            "port %d is the sidecar's own and can't be excluded from capture".formatted(port));
      }
    }
  }

  /**
   * The whole ruleset in the language of {@code nft}: one transaction that replaces any earlier
   * one.
   */
  public String text() {
    return Ruleset.replacing(this);
  }
}
