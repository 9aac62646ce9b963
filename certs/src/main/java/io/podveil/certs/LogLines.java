package io.podveil.certs;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.logging.ConsoleHandler;
import java.util.logging.Formatter;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** Log lines as a person and grep read them: time, level, where, what. */
final class LogLines extends Formatter {

  /** Makes all logging of this process look so. */
  static void install() {
    Logger root = Logger.getLogger("");
    for (var handler : root.getHandlers()) {
      root.removeHandler(handler);
    }
    var console = new ConsoleHandler();
    console.setFormatter(new LogLines());
    root.addHandler(console);
    root.setLevel(Level.INFO);
  }

  @Override
  public String format(LogRecord line) {
    Instant time = line.getInstant().truncatedTo(ChronoUnit.MILLIS);
    // What callers sent may be in it, and must not be able to write lines of its own.
    String message = formatMessage(line).replaceAll("\\p{Cntrl}+", " ");
    String text = "%s %s %s: %s%n".formatted(time, line.getLevel(), line.getLoggerName(), message);
    if (line.getThrown() == null) {
      return text;
    }
    // Of a library's trouble the last cause tells; it is an API server that is away, mostly.
    return isLibrary(line)
        ? text.stripTrailing() + " (" + lastCause(line.getThrown()) + ")" + System.lineSeparator()
        : text + trace(line.getThrown());
  }

  private static boolean isLibrary(LogRecord line) {
    return line.getLoggerName() != null && line.getLoggerName().startsWith("io.fabric8.");
  }

  private static String lastCause(Throwable thrown) {
    Throwable last = thrown;
    // Bounded, for nothing forbids a ring of causes.
    for (int i = 0; i < 16 && last.getCause() != null; i++) {
      last = last.getCause();
    }
    return last.toString().replaceAll("\\p{Cntrl}+", " ");
  }

  private static String trace(Throwable thrown) {
    var text = new StringWriter();
    thrown.printStackTrace(new PrintWriter(text, true));
    return text.toString();
  }
}
