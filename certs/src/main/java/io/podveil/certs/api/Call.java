package io.podveil.certs.api;

import io.podveil.certs.signer.Names;
import java.net.InetAddress;
import java.util.Optional;

/**
 * A request as an endpoint sees it.
 *
 * @param bearer the token, if there is one; the text shows it nowhere
 * @param peer who the caller's certificate says it is, if it showed one
 * @param from where the connection comes from
 */
record Call(Optional<String> bearer, Optional<Names> peer, InetAddress from, String body) {
  @Override
  public String toString() {
    return "Call[from=" + from.getHostAddress() + "]";
  }
}
