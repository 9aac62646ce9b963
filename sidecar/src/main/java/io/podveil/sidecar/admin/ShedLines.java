package io.podveil.sidecar.admin;

import io.podveil.sidecar.relay.Outcome;
import java.util.function.Consumer;

/**
 * Lets through so many lines a second about connections that were shed: whoever makes us shed
 * thousands shall not fill the log as well, nor have us do the writing. Thread-safe.
 */
public final class ShedLines {
  static final int A_SECOND = 10;
  private static final long SECOND_NANOS = 1_000_000_000;

  private final Consumer<String> say;
  // Guarded by this.
  private long began;
  private boolean running;
  private int admitted;
  private long suppressed;

  /**
   * Has let nothing through yet.
   *
   * @param say told how many lines were left out, once there is room for one again
   */
  public ShedLines(Consumer<String> say) {
    this.say = say;
  }

  /**
   * Whether a connection that ended like this shall have its line.
   *
   * @param nanos of a clock that only goes forward
   */
  public boolean admit(Outcome outcome, long nanos) {
    return !isShed(outcome) || admit(nanos);
  }

  private static boolean isShed(Outcome outcome) {
    return outcome instanceof Outcome.Refused(String reason, String why)
        && reason.startsWith("shed");
  }

  private synchronized boolean admit(long nanos) {
    if (!running || nanos - began >= SECOND_NANOS) {
      running = true;
      began = nanos;
      admitted = 0;
      tell();
    }
    if (admitted >= A_SECOND) {
      suppressed++;
      return false;
    }
    admitted++;
    return true;
  }

  private void tell() {
    if (suppressed > 0) {
      say.accept(
          suppressed
              + " more connections were shed than have a line here; podveil_connections_total"
              + " counts them");
      suppressed = 0;
    }
  }
}
