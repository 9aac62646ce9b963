package io.podveil.sidecar.capture;

import com.sun.jna.LastErrorException;
import io.podveil.sidecar.capture.RoutingEntry.Family;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * The routes that turn marked packets around: whatever carries mark 0xa or 0xd is for this machine,
 * wherever it goes.
 */
final class Routes {
  // asm-generic/errno.h
  private static final int EPERM = 1;
  private static final int ENOENT = 2;
  private static final int ESRCH = 3;
  private static final int EEXIST = 17;
  private static final int EOPNOTSUPP = 95;
  private static final int EAFNOSUPPORT = 97;

  private Routes() {}

  /** Adds what is missing. */
  static Reach add() {
    Reach reach = reach();
    try (Netlink netlink = new Netlink()) {
      for (Family family : families(reach)) {
        for (RoutingEntry entry : RoutingEntry.needed(family)) {
          // Without EXCL the kernel would add a second rule that is the same as the first.
          int flags = Netlink.NLM_F_CREATE | Netlink.NLM_F_EXCL;
          int error = netlink.change(entry.add(), flags, entry.body());
          check(error, Set.of(EEXIST), family, entry.text());
        }
      }
    }
    return reach;
  }

  /** Checks that all is there. */
  static Reach verify() {
    Reach reach = reach();
    try (Netlink netlink = new Netlink()) {
      for (Family family : families(reach)) {
        List<String> found = found(netlink, family);
        for (RoutingEntry entry : RoutingEntry.needed(family)) {
          if (!found.contains(entry.text())) {
            throw new CaptureException(
                "\"%s %s\" is missing in this network namespace; run podveil-sidecar capture again"
                    .formatted(family, entry.text()));
          }
        }
      }
    }
    return reach;
  }

  /** Removes what is there, of either family. */
  static void remove() {
    try (Netlink netlink = new Netlink()) {
      for (Family family : Family.values()) {
        for (RoutingEntry entry : RoutingEntry.needed(family)) {
          int error = netlink.change(entry.delete(), 0, entry.body());
          check(error, Set.of(ENOENT, ESRCH, EOPNOTSUPP, EAFNOSUPPORT), family, entry.text());
        }
      }
    }
  }

  private static List<String> found(Netlink netlink, Family family) {
    List<String> found = new ArrayList<>();
    int rules =
        netlink.list(
            RoutingEntry.RTM_GETRULE,
            RoutingEntry.everything(family),
            entry -> RoutingEntry.readRule(entry).ifPresent(found::add));
    check(rules, Set.of(), family, "rule");
    int routes =
        netlink.list(
            RoutingEntry.RTM_GETROUTE,
            RoutingEntry.everything(family),
            entry -> RoutingEntry.readRoute(entry).ifPresent(found::add));
    check(routes, Set.of(), family, "route");
    return found;
  }

  // The routes lead to lo. Should another device have IPv6 all the same, then what is to be
  // captured
  // there is marked, finds no way back, and is dropped by the rules.
  private static Reach reach() {
    Path disabled = Path.of("/proc/sys/net/ipv6/conf/lo/disable_ipv6");
    try {
      return Files.exists(disabled) && Files.readString(disabled).strip().equals("0")
          ? Reach.BOTH_FAMILIES
          : Reach.IPV4_ONLY;
    } catch (IOException e) {
      throw new CaptureException(disabled + " can't be read: " + e.getMessage(), e);
    }
  }

  private static List<Family> families(Reach reach) {
    return switch (reach) {
      case BOTH_FAMILIES -> List.of(Family.IPV4, Family.IPV6);
      case IPV4_ONLY -> List.of(Family.IPV4);
    };
  }

  private static void check(int error, Set<Integer> fine, Family family, String what) {
    if (error == EPERM) {
      throw CaptureException.notPermitted();
    }
    if (error != 0 && !fine.contains(error)) {
      throw new CaptureException(
          "the kernel refused \"%s %s\": %s; it takes policy routing (CONFIG_IP_MULTIPLE_TABLES, CONFIG_IPV6_MULTIPLE_TABLES)"
              .formatted(family, what, new LastErrorException(error).getMessage()));
    }
  }
}
