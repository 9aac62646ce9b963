package io.podveil.sidecar.capture;

import io.podveil.sidecar.net.Cidr;
import io.podveil.sidecar.net.Ports;
import java.net.Inet4Address;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * The rules in the language of {@code nft}; docs/decisions/0003-capture-rules.md says what they
 * stand on.
 *
 * <p>Marks of packets (the sidecar's sockets, the routes): 0xa recirculate to egress, 0xb the
 * sidecar's on the wire, 0xc the sidecar's towards the app, 0xd the app's answer to the sidecar.
 * Marks of connections: 0xa the app's own, 0xb the sidecar's on the wire, 0xc the sidecar's towards
 * the app, 0xe not ours.
 */
final class Ruleset {
  /** The table that captures. */
  static final String TABLE = "podveil";

  // A table beside it, dormant: the kernel prints it in the way in which it would print ours.
  private static final String SPECIMEN = TABLE + "_expected";

  private static final String BODY =
      """
        # A half-closed connection may stay so for long, and its answer must still find the way back.
        ct timeout patient4 {
          protocol tcp
          l3proto ip
          policy = { established : 432000, fin_wait : 86400, close_wait : 86400, last_ack : 86400, time_wait : 30 }
        }
        ct timeout patient6 {
          protocol tcp
          l3proto ip6
          policy = { established : 432000, fin_wait : 86400, close_wait : 86400, last_ack : 86400, time_wait : 30 }
        }
        chain patience {
          meta nfproto ipv4 ct timeout set "patient4"
          meta nfproto ipv6 ct timeout set "patient6"
        }

        # The sidecar speaks to the app from the client's own address and port, so that two connections
        # have the same four-tuple. Conntrack keeps them apart by zones: the app's end of a connection is
        # in zone 2, the wire's end in zone 0. What is captured has both ends in one; what passes as it
        # is has one end in each, so that an answer from the other side finds its connection.
        # What stays in the pod, 127.0.0.1 or the pod's own address, is not even tracked.
        chain zones_out {
          type filter hook output priority raw; policy accept;
          meta l4proto != tcp accept
          oif lo fib saddr type local notrack accept
          meta mark 0xb accept
          # The kernel refuses in the name of a listener that is gone.
          tcp sport $INGRESS accept
          oif != lo tcp flags & (fin | syn | rst | ack) == syn goto zones_opening
          ct zone set 2
        }
        chain zones_opening {
      $EXCLUSIONS    ct zone set 2
        }
        chain zones_in {
          type filter hook prerouting priority raw; policy accept;
          iif != lo tcp flags & (fin | syn | rst | ack) == syn tcp dport $UNTOUCHED ct reply zone set 2
        }

        chain leaving {
          type route hook output priority mangle; policy accept;
          meta l4proto != tcp accept
          ct state untracked accept
          ct state new jump patience
          # Conntrack forgot what port the client spoke to. From ours it would take it for a stranger's:
          # better silence, until the client is heard again.
          ct state new meta mark 0xb tcp sport $INGRESS drop
          meta mark 0xb ct mark set 0xb accept
          oif lo goto from_sidecar
          ct mark vmap { 0xa : goto to_egress, 0xb : accept, 0xc : goto to_ingress, 0xe : accept }
          ct original zone 2 ct reply zone 0 ct mark set 0xe accept
          tcp flags & (fin | syn | rst | ack) != syn tcp sport $UNTOUCHED accept
          # The kernel's own word on a connection that is gone; it carries nothing.
          tcp flags & (fin | syn | rst) == rst accept
          # A new connection, or the middle of one that nobody knows: from before the rules, or conntrack
          # forgot it. If the sidecar has it, it goes on; if not, it ends. It never leaves as it is.
          goto to_egress
        }
        chain from_sidecar {
          meta mark 0xc ct mark set 0xc accept
          ct mark set 0xa
        }
        chain to_egress {
          ct mark set 0xa
          meta mark set 0xa
        }
        chain to_ingress {
          meta mark set 0xd
        }
        # What should have been recirculated and was not (no route any more, a socket bound to a device).
        chain never_out {
          type filter hook postrouting priority filter; policy accept;
          oif != lo meta l4proto tcp meta mark { 0xa, 0xd } drop
        }

        chain arriving {
          type filter hook prerouting priority mangle; policy accept;
          meta l4proto != tcp accept
          iif lo goto recirculated
          ct state new jump patience
          ct mark { 0xb, 0xe } accept
          fib daddr type != local accept
          tcp dport $UNTOUCHED ct mark set 0xe accept
          tcp dport { $EGRESS, $INGRESS } reject with tcp reset
          # A connection of the sidecar's that is older than the rules, or that conntrack forgot. Before what
          # is invalid: so is, without its SYN, the answer to one.
          socket mark 0xb ct mark set 0xe accept
          ct state invalid drop
          # A new connection, or the middle of one that nobody knows: the same as on the way out.
          ct mark set 0xb
        }
        chain recirculated {
          meta mark != 0xa accept
          meta l4proto tcp tproxy to :$EGRESS accept
          # No sidecar: say so at once.
          meta l4proto tcp reject with tcp reset
        }
        chain arrived {
          type nat hook prerouting priority dstnat; policy accept;
          iif != lo meta l4proto tcp ct mark 0xb dnat to :$INGRESS
        }
      """;

  private Ruleset() {}

  /** One transaction: whatever stood there goes, this comes. */
  static String replacing(CaptureRules rules) {
    return define(TABLE, "", rules);
  }

  /** The same rules in a table that sees no packet. */
  static String specimen(CaptureRules rules) {
    return define(SPECIMEN, "  flags dormant\n", rules);
  }

  /** Lists the specimen. */
  static String listSpecimen() {
    return "list table inet " + SPECIMEN;
  }

  /** What the kernel printed of the specimen, as it would print the table that captures. */
  static String asInForce(String listing) {
    return listing
        .replaceFirst("\\b" + SPECIMEN + "\\b", TABLE)
        .replaceFirst("\\s*flags dormant\\n\\n?", "\n");
  }

  /** Lists the table that captures. */
  static String list() {
    return "list table inet " + TABLE;
  }

  /** Removes both, whether they are there or not. */
  static String remove() {
    return absent(TABLE) + absent(SPECIMEN);
  }

  /** Removes the specimen, whether it is there or not. */
  static String removeSpecimen() {
    return absent(SPECIMEN);
  }

  private static String define(String table, String flags, CaptureRules rules) {
    return absent(table) + "table inet " + table + " {\n" + flags + body(rules) + "}\n";
  }

  // Deleting what isn't there would fail the transaction: it is made first.
  private static String absent(String table) {
    return "table inet %1$s\ndelete table inet %1$s\n".formatted(table);
  }

  private static String body(CaptureRules rules) {
    Ports untouched = rules.excludeInboundPorts().and(rules.adminPort());
    return BODY.replace("$EXCLUSIONS", exclusions(rules))
        .replace("$UNTOUCHED", "{ " + untouched + " }")
        .replace("$EGRESS", Integer.toString(rules.egressPort()))
        .replace("$INGRESS", Integer.toString(rules.ingressPort()));
  }

  private static String exclusions(CaptureRules rules) {
    List<Cidr> widest = widest(rules.excludeOutboundCidrs());
    return excluded("tcp dport", rules.excludeOutboundPorts().toString())
        + excluded("ip daddr", joined(widest, cidr -> cidr.network() instanceof Inet4Address))
        + excluded("ip6 daddr", joined(widest, cidr -> !(cidr.network() instanceof Inet4Address)));
  }

  private static String excluded(String what, String set) {
    return set.isEmpty()
        ? ""
        : "    %s { %s } ct original zone set 2 accept\n".formatted(what, set);
  }

  private static String joined(List<Cidr> cidrs, Predicate<Cidr> family) {
    return cidrs.stream().filter(family).map(Cidr::toString).collect(Collectors.joining(", "));
  }

  // nft refuses a set with a block that lies in another.
  private static List<Cidr> widest(List<Cidr> cidrs) {
    return cidrs.stream()
        .distinct()
        .filter(c -> cidrs.stream().noneMatch(other -> !other.equals(c) && other.contains(c)))
        .toList();
  }
}
