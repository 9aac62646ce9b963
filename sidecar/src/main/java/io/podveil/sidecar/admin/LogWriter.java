package io.podveil.sidecar.admin;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;

/**
 * Lines on standard output, written by a thread of its own: whoever reads our output may be slow (a
 * container runtime under load is), and an event loop must not wait for it. When too many lines
 * wait, further ones are dropped and their number is logged.
 */
public final class LogWriter implements AutoCloseable {
  private static final int CAPACITY = 8192;

  /**
   * After a write, lines gather for so long. In a burst, waking the writer for each and writing it
   * would take a tenth of all that the sidecar does for a short connection.
   */
  private static final long GATHER_MILLIS = 10;

  /** Not a line: control characters never get this far. */
  private static final String END = "\u0004";

  private final BlockingQueue<String> lines = new ArrayBlockingQueue<>(CAPACITY);
  private final AtomicLong dropped = new AtomicLong();
  private final OutputStream out;
  private final UnaryOperator<String> format;
  private final Thread writer;

  /**
   * Writes to standard output.
   *
   * @param format makes a line of the log's own words, in the shape that its reader expects
   */
  public LogWriter(UnaryOperator<String> format) {
    this(new FileOutputStream(FileDescriptor.out), format);
  }

  LogWriter(OutputStream out, UnaryOperator<String> format) {
    this.out = out;
    this.format = format;
    this.writer = Thread.ofPlatform().name("log").daemon().start(this::write);
  }

  /** Never blocks. Whatever could break the line (a peer's text is not ours) is replaced. */
  public void line(String text) {
    if (!lines.offer(oneLine(text))) {
      dropped.incrementAndGet();
    }
  }

  private static String oneLine(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isISOControl(text.charAt(i))) {
        return text.replaceAll("\\p{Cntrl}", " ");
      }
    }
    return text;
  }

  private void write() {
    List<String> batch = new ArrayList<>();
    try {
      while (true) {
        batch.add(lines.take());
        lines.drainTo(batch);
        long lost = dropped.getAndSet(0);
        if (lost > 0) {
          batch.add(
              format.apply(
                  "log: " + lost + " lines dropped, the reader of our output is too slow"));
        }
        boolean last = batch.remove(END);
        batch.add(""); // or the last line would have no end
        out.write(String.join("\n", batch).getBytes(UTF_8));
        if (last) {
          return;
        }
        batch.clear();
        // Behind the write, not before it: a line that comes alone waits for nothing.
        Thread.sleep(GATHER_MILLIS);
      }
    } catch (IOException e) {
      // Nobody reads our output any more, so there is nobody to tell; the queue fills and drops.
      return;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Writes what is still waiting, for a second at most. */
  @Override
  public void close() {
    try {
      if (lines.offer(END, 1, TimeUnit.SECONDS)) {
        writer.join(1000);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
