package io.podveil.sidecar.capture;

import io.podveil.sidecar.net.Mark;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A line of the kernel's routing tables, to add, to look for and to remove.
 *
 * @param text as {@code ip} would print it
 * @param add the request that adds it
 * @param delete the request that removes it
 * @param body of either request
 */
record RoutingEntry(String text, int add, int delete, ByteBuffer body) {
  /** An address family, by its number in sys/socket.h and what it takes to say it to {@code ip}. */
  enum Family {
    IPV4(2, "ip"),
    IPV6(10, "ip -6");

    private final int number;
    private final String command;

    Family(int number, String command) {
      this.number = number;
      this.command = command;
    }

    @Override
    public String toString() {
      return command;
    }
  }

  private static final int TABLE = 100;
  private static final int PRIORITY =
      100; // Before the main table (32766), behind the local one (0).
  private static final int LOOPBACK = 1; // The index of lo, in every namespace.

  // linux/rtnetlink.h, linux/fib_rules.h
  static final int RTM_GETROUTE = 26;
  static final int RTM_GETRULE = 34;
  private static final int RTM_NEWROUTE = 24;
  private static final int RTM_DELROUTE = 25;
  private static final int RTM_NEWRULE = 32;
  private static final int RTM_DELRULE = 33;
  private static final int FRA_PRIORITY = 6;
  private static final int FRA_FWMARK = 10;
  private static final int FRA_TABLE = 15;
  private static final int FRA_FWMASK = 16;
  private static final int FR_ACT_TO_TBL = 1;
  private static final int RTA_OIF = 4;
  private static final int RTA_TABLE = 15;
  private static final int RTN_LOCAL = 2;
  private static final int RTPROT_BOOT = 3;
  private static final int RT_SCOPE_HOST = 254;
  private static final int HEADER = 12; // Of both: struct rtmsg and struct fib_rule_hdr.

  /** All that capture needs of a family. */
  static List<RoutingEntry> needed(Family family) {
    return List.of(rule(family, Mark.RECIRCULATED), rule(family, Mark.REPLY), route(family));
  }

  /** Asks for everything there is. */
  static ByteBuffer everything(Family family) {
    return header(family, 0, 0, 0, 0).flip();
  }

  /** Reads a rule that leads to a table; empty for any other. */
  static Optional<String> readRule(ByteBuffer entry) {
    Map<Integer, Integer> is = attributes(entry);
    return entry.get(7) == FR_ACT_TO_TBL
        ? Optional.of(
            ruleText(
                is.getOrDefault(FRA_PRIORITY, 0),
                is.getOrDefault(FRA_FWMARK, 0),
                is.getOrDefault(FRA_FWMASK, 0),
                is.getOrDefault(FRA_TABLE, 0)))
        : Optional.empty();
  }

  /** Reads a default route to this machine; empty for any other. */
  static Optional<String> readRoute(ByteBuffer entry) {
    Map<Integer, Integer> is = attributes(entry);
    return entry.get(1) == 0 && entry.get(7) == RTN_LOCAL
        ? Optional.of(routeText(is.getOrDefault(RTA_OIF, 0), is.getOrDefault(RTA_TABLE, 0)))
        : Optional.empty();
  }

  private static RoutingEntry rule(Family family, Mark mark) {
    ByteBuffer body = header(family, FR_ACT_TO_TBL, 0, 0, 4);
    attribute(body, FRA_PRIORITY, PRIORITY);
    attribute(body, FRA_FWMARK, mark.value());
    attribute(body, FRA_FWMASK, -1);
    attribute(body, FRA_TABLE, TABLE);
    String text = ruleText(PRIORITY, mark.value(), -1, TABLE);
    return new RoutingEntry(text, RTM_NEWRULE, RTM_DELRULE, body.flip());
  }

  private static RoutingEntry route(Family family) {
    ByteBuffer body = header(family, RTN_LOCAL, RTPROT_BOOT, RT_SCOPE_HOST, 2);
    attribute(body, RTA_OIF, LOOPBACK);
    attribute(body, RTA_TABLE, TABLE);
    return new RoutingEntry(routeText(LOOPBACK, TABLE), RTM_NEWROUTE, RTM_DELROUTE, body.flip());
  }

  // The family comes first; the eighth byte is the type of a route, and what a rule does.
  private static ByteBuffer header(
      Family family, int type, int protocol, int scope, int attributes) {
    return ByteBuffer.allocate(HEADER + attributes * 8)
        .order(ByteOrder.nativeOrder())
        .put(0, (byte) family.number)
        .put(5, (byte) protocol)
        .put(6, (byte) scope)
        .put(7, (byte) type)
        .position(HEADER);
  }

  private static void attribute(ByteBuffer body, int type, int value) {
    body.putShort((short) 8).putShort((short) type).putInt(value);
  }

  /** The attributes that are one number. */
  private static Map<Integer, Integer> attributes(ByteBuffer entry) {
    Map<Integer, Integer> numbers = new HashMap<>();
    int length;
    for (int at = HEADER; at + 4 <= entry.limit(); at += Math.max(4, (length + 3) & ~3)) {
      length = Short.toUnsignedInt(entry.getShort(at));
      if (length == 8) {
        numbers.put((int) entry.getShort(at + 2), entry.getInt(at + 4));
      }
    }
    return numbers;
  }

  private static String ruleText(int priority, int mark, int mask, int table) {
    String masked = mask == -1 ? "" : "/0x" + Integer.toHexString(mask);
    return "rule %d: fwmark 0x%x%s lookup %d".formatted(priority, mark, masked, table);
  }

  private static String routeText(int device, int table) {
    String name = device == LOOPBACK ? "lo" : "number " + device;
    return "route local default dev %s table %d".formatted(name, table);
  }
}
