package io.podveil.sidecar.net;

import io.netty.util.NetUtil;
import java.net.InetSocketAddress;

/** Who opened the connection: the app's own address and port, not those of any sidecar between. */
public record ClientAddress(InetSocketAddress address) {
  @Override
  public String toString() {
    return NetUtil.toSocketAddressString(address);
  }
}
