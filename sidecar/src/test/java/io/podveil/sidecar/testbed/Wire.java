package io.podveil.sidecar.testbed;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;

/**
 * A network of pods: a namespace with a bridge, to which every pod's {@code eth0} leads.
 *
 * <p>Pods are {@code 10.77.0.0/24} and {@code fd77::/64}. The bridge's namespace is their router
 * and plays everything else: it answers at {@link #router}, and at {@link #internet}, which lies
 * outside of any range that pods live in.
 */
public final class Wire implements AutoCloseable {
  private static final String INTERNET_V4 = "203.0.113.10";
  private static final String INTERNET_V6 = "2001:db8:113::10";

  private final Namespace outside = Namespace.create();
  private final List<Pod> pods = new ArrayList<>();

  private Wire() {
    outside.sysctl("net.ipv4.ip_forward", "1");
    outside.sysctl("net.ipv6.conf.all.forwarding", "1");
    outside.ip(
        """
        link add bridge type bridge forward_delay 0 mcast_snooping 0
        link set bridge up
        address add 10.77.0.1/24 dev bridge
        address add fd77::1/64 dev bridge nodad
        address add %s/32 dev lo
        address add %s/128 dev lo nodad
        """
            .formatted(INTERNET_V4, INTERNET_V6));
  }

  /** A wire without pods. */
  public static Wire lay() {
    return new Wire();
  }

  /** Joins one more pod, reachable at once. */
  public Pod pod() {
    int number = pods.size() + 2;
    Pod pod =
        new Pod(
            Namespace.create(),
            Inet4Address.ofLiteral("10.77.0." + number),
            (Inet6Address) Inet6Address.ofLiteral("fd77::" + Integer.toHexString(number)),
            "pod" + number);
    pods.add(pod);
    outside.ip(
        """
        link add %1$s type veth peer name eth0 netns %2$s
        link set %1$s master bridge up
        """
            .formatted(pod.port(), pod.namespace().name()));
    // Without duplicate address detection the IPv6 address is usable at once.
    pod.namespace()
        .ip(
            """
            address add %s/24 dev eth0
            address add %s/64 dev eth0 nodad
            link set eth0 up
            route add default via 10.77.0.1
            route add default via fd77::1
            """
                .formatted(pod.v4().getHostAddress(), pod.v6().getHostAddress()));
    return pod;
  }

  /**
   * The namespace of the bridge: the node, the router, a client without a sidecar, the internet.
   */
  public Namespace outside() {
    return outside;
  }

  /** Its address among the pods. */
  public InetAddress router(Family family) {
    return switch (family) {
      case V4 -> InetAddress.ofLiteral("10.77.0.1");
      case V6 -> InetAddress.ofLiteral("fd77::1");
    };
  }

  /** Its address that no pod range holds. */
  public InetAddress internet(Family family) {
    return switch (family) {
      case V4 -> InetAddress.ofLiteral(INTERNET_V4);
      case V6 -> InetAddress.ofLiteral(INTERNET_V6);
    };
  }

  /** From now on everything from and to the pod is lost on the way, and nobody is told. */
  public void silence(Pod pod) {
    outside.run("bridge", "link", "set", "dev", pod.port(), "state", "0");
  }

  /** Undoes {@link #silence}. */
  public void restore(Pod pod) {
    outside.run("bridge", "link", "set", "dev", pod.port(), "state", "3");
  }

  /** Removes every namespace and kills what runs in them. */
  @Override
  public void close() {
    pods.forEach(pod -> pod.namespace().close());
    outside.close();
  }
}
