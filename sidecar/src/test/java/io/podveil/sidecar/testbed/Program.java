package io.podveil.sidecar.testbed;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * A program that runs beside the test: its output as lines, its death at {@link #close()} at the
 * latest.
 */
public final class Program implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(40);

  private final Process process;
  private final String name;
  private final List<String> lines = new ArrayList<>();
  private boolean ended;

  /** Takes over a process whose standard error flows into its standard output. */
  Program(Process process, String name) {
    this.process = process;
    this.name = name;
    Thread.ofPlatform().daemon().name("output of " + name).start(this::collect);
  }

  /** Starts a program of this machine, here and not in a namespace. */
  public static Program start(String... command) {
    try {
      return new Program(new ProcessBuilder(command).redirectErrorStream(true).start(), command[0]);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The first line, past or to come, in which the expression is found; fails after 40 seconds. */
  public String await(String regex) {
    Pattern pattern = Pattern.compile(regex);
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    synchronized (lines) {
      int next = 0;
      while (true) {
        for (; next < lines.size(); next++) {
          if (pattern.matcher(lines.get(next)).find()) {
            return lines.get(next);
          }
        }
        long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        if (ended || left <= 0) {
          throw new AssertionError(
              "%s %s without a line matching \"%s\"; it said:%n%s"
                  .formatted(
                      name, ended ? "ended" : "went on for 40 s", regex, String.join("\n", lines)));
        }
        waitForLines(left);
      }
    }
  }

  /** Every line so far, of standard output and standard error. */
  public List<String> lines() {
    synchronized (lines) {
      return List.copyOf(lines);
    }
  }

  /** Its standard input. */
  public OutputStream stdin() {
    return process.getOutputStream();
  }

  /** Its process id. */
  public long pid() {
    return process.pid();
  }

  /** Whether it runs. */
  public boolean isAlive() {
    return process.isAlive();
  }

  /** Sends a signal, such as {@code TERM}, {@code KILL} or {@code STOP}. */
  public void signal(String signal) {
    try {
      new ProcessBuilder("kill", "-" + signal, Long.toString(pid())).start().waitFor();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  /** Its exit status once it ended by itself; fails after 40 seconds. */
  public int exit() {
    try {
      if (!process.waitFor(PATIENCE)) {
        throw new AssertionError(name + " did not end; it said:\n" + String.join("\n", lines()));
      }
      return process.exitValue();
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  /** Kills it, and returns once it is gone. */
  @Override
  public void close() {
    process.destroyForcibly();
    try {
      process.waitFor();
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private void collect() {
    try (BufferedReader reader = process.inputReader(UTF_8)) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        add(line);
      }
    } catch (IOException e) {
      add("(output lost: " + e.getMessage() + ")");
    } finally {
      synchronized (lines) {
        ended = true;
        lines.notifyAll();
      }
    }
  }

  private void add(String line) {
    synchronized (lines) {
      lines.add(line);
      lines.notifyAll();
    }
  }

  private void waitForLines(long millis) {
    try {
      lines.wait(millis);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  static IllegalStateException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    return new IllegalStateException("interrupted", e);
  }
}
