package io.podveil.sidecar.ingress;

import io.podveil.sidecar.net.OriginalDestination;
import java.util.Set;

/** Decides about inbound connections, by what is configured and nothing else. */
public final class IngressRouter {
  private final InboundMode mode;
  private final Set<Integer> ownPorts;

  /**
   * @param ownPorts the sidecar's own listeners, to which nothing is ever delivered
   */
  public IngressRouter(InboundMode mode, Set<Integer> ownPorts) {
    this.mode = mode;
    this.ownPorts = Set.copyOf(ownPorts);
  }

  IngressRoute route(OriginalDestination to) {
    if (ownPorts.contains(to.address().getPort())) {
      return new IngressRoute.Refuse(
          "own_port",
          "port " + to.address().getPort() + " is the sidecar's own; connect to the app's port");
    }
    return switch (mode) {
      case STRICT -> new IngressRoute.DemandTls(to);
      case PERMISSIVE -> new IngressRoute.TellApart(to);
    };
  }
}
