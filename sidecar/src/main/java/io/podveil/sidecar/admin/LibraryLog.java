package io.podveil.sidecar.admin;

import io.netty.util.internal.logging.InternalLoggerFactory;
import io.netty.util.internal.logging.JdkLoggerFactory;
import java.util.function.Consumer;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/**
 * What Netty and Vert.x have to say (through java.util.logging, for want of anything else) becomes
 * lines of ours: warnings and worse, without stack traces, and without blocking an event loop.
 */
public final class LibraryLog extends Handler {
  private final Consumer<String> lines;

  private LibraryLog(Consumer<String> lines) {
    this.lines = lines;
  }

  /** From here on the libraries write nothing to standard error by themselves. */
  public static void to(Consumer<String> lines) {
    // Or Netty would look for three other logging libraries first.
    InternalLoggerFactory.setDefaultFactory(JdkLoggerFactory.INSTANCE);
    LogManager.getLogManager().reset();
    Logger root = Logger.getLogger("");
    root.setLevel(Level.WARNING);
    root.addHandler(new LibraryLog(lines));
  }

  @Override
  public void publish(LogRecord event) {
    if (event.getLevel().intValue() < Level.WARNING.intValue()) {
      return;
    }
    String cause = event.getThrown() == null ? "" : " (" + event.getThrown() + ")";
    lines.accept("library " + event.getLoggerName() + ": " + event.getMessage() + cause);
  }

  @Override
  public void flush() {}

  @Override
  public void close() {}
}
