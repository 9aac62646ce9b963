package io.podveil.sidecar.testbed;

import static java.util.concurrent.TimeUnit.SECONDS;

import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A writer that never has enough: fills whatever lies between it and a reader that does not read.
 */
public final class Flood {
  private static final int BLOCK = 64 * 1024;

  private final AtomicLong written = new AtomicLong();
  private final CompletableFuture<IOException> broken = new CompletableFuture<>();

  private Flood(OutputStream to) {
    Thread.ofPlatform().daemon().name("flood").start(() -> pour(to));
  }

  /** Starts to write, and returns when nothing more fits in. */
  public static Flood untilStuck(Socket socket) throws Exception {
    Flood flood = new Flood(socket.getOutputStream());
    long before;
    do {
      before = flood.written.get();
      SECONDS.sleep(1);
    } while (before == 0 || before != flood.written.get());
    return flood;
  }

  /** What the writer was told in the end; fails if it is never told. */
  public IOException broken() throws Exception {
    return broken.get(30, SECONDS);
  }

  private void pour(OutputStream to) {
    byte[] block = new byte[BLOCK];
    try {
      while (true) {
        to.write(block);
        written.addAndGet(block.length);
      }
    } catch (IOException e) {
      broken.complete(e);
    }
  }
}
