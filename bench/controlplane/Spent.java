import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What a process had of the processors, of which load, API server and programs share two. */
final class Spent {
  /** The clock of /proc; the same on every Linux that has Java. */
  private static final int MILLIS_A_TICK = 10;

  private final String who;
  private final Path stat;
  private long before;

  Spent(String who, String pid) {
    this.who = who;
    this.stat = Path.of("/proc", pid, "stat");
  }

  void begin() {
    before = ticks();
  }

  /** Since it began, for each of so many. */
  void print(int count, String what) {
    System.out.printf("  %-38s %.2f ms of CPU a %s%n", who, (ticks() - before) * (double) MILLIS_A_TICK / count, what);
  }

  private long ticks() {
    try {
      // The name comes second, in parentheses, and may hold spaces.
      String[] fields = Files.readString(stat).replaceFirst("^.*\\) ", "").split(" ");
      return Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
