package io.podveil.sidecar;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * How many connections there is room for. Running out of descriptors hurts whoever comes next, and
 * out of memory everybody, whereas a connection that is shed is shed alone.
 *
 * @param connections that may live at a time
 * @param advice what to do where these are too few
 */
record Capacity(int connections, String advice) {
  /** Idle connections to and from peers: one descriptor each, on either side. */
  private static final int LIVE_PER_IDLE = 8;

  private static final int DESCRIPTORS_OF_THE_PROCESS = 128;

  /** Two for a connection, and those of idle ones. */
  private static final double DESCRIPTORS_EACH = 2 + 2.0 / LIVE_PER_IDLE;

  /** Without connections, and with what a load leaves behind. */
  private static final long BYTES_OF_THE_PROCESS = 96L << 20;

  /** Of one that is idle, in both kinds of memory, with room for some that are not: bench/. */
  private static final long BYTES_EACH = 20 << 10;

  private static final long HEAP_BYTES_EACH = 8 << 10;

  /** Of the second version of control groups, and of the first. */
  private static final List<Path> MEMORY_LIMITS =
      List.of(
          Path.of("/sys/fs/cgroup/memory.max"),
          Path.of("/sys/fs/cgroup/memory/memory.limit_in_bytes"));

  /** What bounds a process. {@link Long#MAX_VALUE} where nothing does, or nobody knows. */
  record Bounds(long openFiles, long memoryBytes, long heapBytes) {
    static Bounds ofThisProcess() {
      return new Bounds(openFileLimit(), memoryLimit(), Runtime.getRuntime().maxMemory());
    }
  }

  /** As many as are wanted, or as fit. */
  static Capacity of(int wanted, Bounds bounds) {
    return Stream.of(
            new Capacity(wanted, "raise --max-connections"),
            new Capacity(
                fitting(bounds.openFiles - DESCRIPTORS_OF_THE_PROCESS, DESCRIPTORS_EACH),
                "the limit on open files is " + bounds.openFiles + "; raise it (ulimit -n)"),
            new Capacity(
                fitting(bounds.memoryBytes - BYTES_OF_THE_PROCESS, BYTES_EACH),
                "the memory limit is "
                    + (bounds.memoryBytes >> 20)
                    + " MiB; raise it (podveil.io/memory-limit)"),
            new Capacity(
                fitting(bounds.heapBytes, HEAP_BYTES_EACH),
                "the heap's limit is "
                    + (bounds.heapBytes >> 20)
                    + " MiB; raise it (PODVEIL_JAVA_OPTS=-Xmx...)"))
        .reduce((one, other) -> other.connections < one.connections ? other : one)
        .orElseThrow();
  }

  private static int fitting(long room, double each) {
    return Math.clamp((long) (room / each), 1, Integer.MAX_VALUE);
  }

  /** How many idle connections go with so many live ones, on each side. */
  int idle() {
    return connections / LIVE_PER_IDLE;
  }

  private static long openFileLimit() {
    String name = "Max open files";
    try (Stream<String> limits = Files.lines(Path.of("/proc/self/limits"))) {
      return limits
          .filter(line -> line.startsWith(name))
          .map(line -> line.substring(name.length()).strip().replaceFirst("\\s.*", ""))
          .mapToLong(Capacity::number)
          .findFirst()
          .orElse(Long.MAX_VALUE);
    } catch (IOException e) {
      // No /proc, no knowledge: accepting pauses when descriptors run out.
      return Long.MAX_VALUE;
    }
  }

  /** A container sees its own group's limit there, other processes none. */
  private static long memoryLimit() {
    return MEMORY_LIMITS.stream().mapToLong(Capacity::memoryLimit).min().orElseThrow();
  }

  private static long memoryLimit(Path file) {
    try {
      return number(Files.readString(file).strip());
    } catch (IOException | NumberFormatException e) {
      return Long.MAX_VALUE;
    }
  }

  private static long number(String limit) {
    return limit.equals("unlimited") || limit.equals("max")
        ? Long.MAX_VALUE
        : Long.parseLong(limit);
  }
}
