package io.podveil.sidecar.capture;

import java.util.List;
import java.util.stream.IntStream;

/**
 * Puts rules and routes in force in the network namespace of the calling thread, and takes them
 * away. Needs CAP_NET_ADMIN there, and nothing else. What was set stays when the process ends.
 */
public final class Capture {
  private Capture() {}

  /**
   * Sets the rules and routes; twice is the same as once. Rules that are in force already stay as
   * they are: setting them again would take the patience off half-closed connections.
   *
   * @return what is covered
   * @throws CaptureException if it can't be done; the rules are then all there or all as before
   */
  public static Reach apply(CaptureRules rules) {
    // Routes first: from the moment the rules stand, what they mark must find its way.
    Reach reach = Routes.add();
    Nftables nftables = Nftables.load();
    if (!inForce(nftables).equals(expected(nftables, rules))) {
      nftables.run(rules.text());
    }
    return reach;
  }

  /**
   * Reads everything back and compares: every chain, every rule, every port.
   *
   * @return what is covered
   * @throws CaptureException if anything is missing, more, or otherwise than it should be
   */
  public static Reach verify(CaptureRules rules) {
    Nftables nftables = Nftables.load();
    String expected = expected(nftables, rules);
    String found = inForce(nftables);
    if (!found.equals(expected)) {
      throw new CaptureException(difference(found, expected));
    }
    return Routes.verify();
  }

  /** Removes rules and routes; what isn't there is not missed. */
  public static void remove() {
    Nftables.load().run(Ruleset.remove());
    Routes.remove();
  }

  /**
   * Walks through what {@link #apply} and {@link #verify} use and changes nothing. For the making
   * of an image, which may not set rules, but whose AOT cache should hold what the next start
   * takes.
   */
  public static void rehearse(CaptureRules rules) {
    Ruleset.asInForce(rules.text() + Ruleset.specimen(rules));
    attempt(Routes::verify);
    attempt(() -> inForce(Nftables.load()));
  }

  private static void attempt(Runnable reading) {
    try {
      reading.run();
    } catch (CaptureException e) {
      // No rules, no permission, or no library: as is to be expected there.
    }
  }

  private static String inForce(Nftables nftables) {
    return nftables.hasTable(Ruleset.TABLE) ? nftables.run(Ruleset.list()) : "";
  }

  // How a kernel and a version of nft print a rule is theirs to choose; so they are asked, with a
  // dormant table of the same rules, and every difference counts.
  private static String expected(Nftables nftables, CaptureRules rules) {
    nftables.run(Ruleset.specimen(rules));
    try {
      return Ruleset.asInForce(nftables.run(Ruleset.listSpecimen()));
    } finally {
      nftables.run(Ruleset.removeSpecimen());
    }
  }

  private static String difference(String found, String expected) {
    if (found.isEmpty()) {
      return "no capture rules are in force in this network namespace; run podveil-sidecar capture";
    }
    List<String> is = found.lines().toList();
    List<String> should = expected.lines().toList();
    int line =
        IntStream.range(0, Math.min(is.size(), should.size()))
            .filter(i -> !is.get(i).equals(should.get(i)))
            .findFirst()
            .orElse(Math.min(is.size(), should.size()));
    return "table inet %s is not what these options ask for: it has \"%s\" where \"%s\" should be; run podveil-sidecar capture again"
        .formatted(Ruleset.TABLE, line(is, line), line(should, line));
  }

  private static String line(List<String> lines, int index) {
    return index < lines.size() ? lines.get(index).strip() : "";
  }
}
