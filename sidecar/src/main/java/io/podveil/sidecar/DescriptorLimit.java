package io.podveil.sidecar;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * How many connections fit under the limit on open files: each takes two descriptors, and running
 * out of them hurts whoever comes next, whereas a connection that is shed is shed alone.
 */
final class DescriptorLimit {
  private static final int KEPT_FOR_THE_PROCESS = 128;
  private static final double EACH = 2;

  /** Idle connections to and from peers: one descriptor each, on either side. */
  private static final int LIVE_PER_IDLE = 8;

  private DescriptorLimit() {}

  /**
   * The number asked for, or as many as fit, which then is said; the default asks for no more than
   * what fits.
   */
  static int connections(int wanted, Consumer<String> say) {
    boolean askedFor = wanted != Options.MAX_CONNECTIONS.byDefault();
    return within(softLimit(), wanted, askedFor ? say : text -> {});
  }

  static int within(long open, int wanted, Consumer<String> say) {
    double perConnection = EACH + 2.0 / LIVE_PER_IDLE;
    long fit = Math.max(1, (long) ((open - KEPT_FOR_THE_PROCESS) / perConnection));
    if (wanted <= fit) {
      return wanted;
    }
    say.accept(
        "at most "
            + fit
            + " connections instead of "
            + wanted
            + ": the limit on open files is "
            + open
            + "; raise it (ulimit -n)");
    return (int) fit;
  }

  /** How many idle connections go with so many live ones, on each side. */
  static int idle(int connections) {
    return connections / LIVE_PER_IDLE;
  }

  private static long softLimit() {
    try (Stream<String> limits = Files.lines(Path.of("/proc/self/limits"))) {
      return limits
          .filter(line -> line.startsWith("Max open files"))
          .map(line -> line.substring("Max open files".length()).strip().replaceFirst("\\s.*", ""))
          .mapToLong(DescriptorLimit::number)
          .findFirst()
          .orElse(Long.MAX_VALUE);
    } catch (IOException e) {
      // No /proc, no knowledge: accepting pauses when descriptors run out.
      return Long.MAX_VALUE;
    }
  }

  private static long number(String limit) {
    return limit.equals("unlimited") ? Long.MAX_VALUE : Long.parseLong(limit);
  }
}
