package io.podveil.sidecar.capture;

import io.podveil.sidecar.net.Cidr;
import io.podveil.sidecar.net.Ports;
import io.podveil.sidecar.testbed.Pod;
import io.podveil.sidecar.testbed.Wire;
import java.util.List;

/** Two pods on a wire, and rules that exclude a little of everything. */
record TwoPods(Wire wire, Pod a, Pod b) implements AutoCloseable {
  private static final CaptureRules RULES =
      new CaptureRules(
          1,
          2,
          3,
          Ports.parse("9100"),
          Ports.parse("3306"),
          Cidr.parseList("203.0.113.0/24,2001:db8:113::/48"));

  static TwoPods lay() {
    Wire wire = Wire.lay();
    return new TwoPods(wire, wire.pod(), wire.pod());
  }

  void capture(Pod pod) throws Exception {
    pod.namespace().call(() -> Capture.apply(RULES));
  }

  void captureBoth() throws Exception {
    capture(a);
    capture(b);
  }

  /** Makes both kernels forget every connection. */
  void forget() {
    for (Pod pod : List.of(a, b)) {
      pod.namespace().run("conntrack", "-F", "-f", "ipv4");
      pod.namespace().run("conntrack", "-F", "-f", "ipv6");
    }
  }

  @Override
  public void close() {
    wire.close();
  }
}
