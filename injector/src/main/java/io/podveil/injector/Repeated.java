package io.podveil.injector;

import io.podveil.injector.serving.UnusableException;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Something done over and over on a thread of its own. A failure is said once, until it is another
 * or over.
 */
final class Repeated implements Runnable {
  private static final Logger LOG = System.getLogger(Repeated.class.getName());

  private final String name;
  private final Chore chore;
  private final Duration pause;
  private final Thread thread;
  private String complaint = "";

  /** What is done. */
  interface Chore {
    void once() throws IOException, UnusableException, InterruptedException;
  }

  Repeated(String name, Chore chore, Duration pause) {
    this.name = name;
    this.chore = chore;
    this.pause = pause;
    this.thread = Thread.ofVirtual().name(name).unstarted(this);
  }

  void start() {
    thread.start();
  }

  void stop() {
    thread.interrupt();
  }

  @Override
  public void run() {
    try {
      while (true) {
        attempt();
        // Replicas that start together shall not go on asking together.
        Thread.sleep(pause.plusMillis(ThreadLocalRandom.current().nextLong(pause.toMillis() / 5)));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void attempt() throws InterruptedException {
    try {
      chore.once();
      if (!complaint.isEmpty()) {
        LOG.log(Level.INFO, "{0}: all is well again", name);
      }
      complaint = "";
    } catch (IOException | UnusableException e) {
      String message = e.getMessage() == null ? e.toString() : e.getMessage();
      if (!message.equals(complaint)) {
        LOG.log(
            Level.WARNING,
            "{0}: {1}; what is in force stays, next try in {2} s",
            name,
            message,
            pause.toSeconds());
      }
      complaint = message;
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, name + ": failed; please report it", e);
    }
  }
}
