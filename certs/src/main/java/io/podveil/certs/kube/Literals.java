package io.podveil.certs.kube;

import java.net.InetAddress;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reads addresses as Kubernetes writes them. */
final class Literals {
  private Literals() {}

  /** The address, or nothing where there is none ("", "None", a host name). */
  static Stream<InetAddress> address(@Nullable String text) {
    try {
      return text == null || text.isEmpty() ? Stream.of() : Stream.of(InetAddress.ofLiteral(text));
    } catch (IllegalArgumentException e) {
      return Stream.of();
    }
  }
}
