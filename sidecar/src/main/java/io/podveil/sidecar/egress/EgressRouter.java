package io.podveil.sidecar.egress;

import io.podveil.sidecar.net.Cidr;
import io.podveil.sidecar.net.OriginalDestination;
import java.net.InetAddress;
import java.util.List;
import java.util.function.Predicate;

/** Decides about outbound connections, by what is configured and nothing else. */
public final class EgressRouter {
  private final List<Cidr> mtls;
  private final int ownPort;
  private final Predicate<InetAddress> isOwnAddress;

  /**
   * @param mtls destinations that get mutual TLS; everything else passes as it is
   * @param ownPort the egress listener's
   * @param isOwnAddress whether an address belongs to this network namespace
   */
  public EgressRouter(List<Cidr> mtls, int ownPort, Predicate<InetAddress> isOwnAddress) {
    this.mtls = List.copyOf(mtls);
    this.ownPort = ownPort;
    this.isOwnAddress = isOwnAddress;
  }

  EgressRoute route(OriginalDestination to) {
    InetAddress address = to.address().getAddress();
    // The rules leave traffic to the pod itself alone, so this one was dialled by hand. Carrying it
    // out would be dialling ourselves, for ever.
    if (to.address().getPort() == ownPort && isOwnAddress.test(address)) {
      return new EgressRoute.Refuse(
          "not_captured",
          "the egress listener takes what the capture rules hand it; connect to the destination"
              + " itself");
    }
    return mtls.stream().anyMatch(cidr -> cidr.contains(address))
        ? new EgressRoute.Encrypt(to)
        : new EgressRoute.PassThrough(to);
  }
}
