package io.podveil.sidecar.testbed;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A network namespace of its own, and a way to act in it.
 *
 * <p>A socket belongs to the namespace in which it was made, whoever uses it later; a thread starts
 * in the namespace of the thread that started it. So event loops belong in here as a whole when
 * they are made <em>and first used</em> inside {@link #call}.
 */
public final class Namespace implements AutoCloseable {
  private static final AtomicInteger COUNT = new AtomicInteger();
  private static final Set<Namespace> OPEN = ConcurrentHashMap.newKeySet();

  static {
    // A test run that is interrupted leaves nothing behind either.
    Runtime.getRuntime().addShutdownHook(new Thread(() -> OPEN.forEach(Namespace::close)));
  }

  private final String name;
  private final Set<Program> programs = ConcurrentHashMap.newKeySet();

  private Namespace(String name) {
    this.name = name;
  }

  /**
   * Makes one with a unique name, its loopback up.
   *
   * @throws IllegalStateException without the right to: that is a failure, not a reason to skip
   */
  public static Namespace create() {
    Namespace made =
        new Namespace("podveil-" + ProcessHandle.current().pid() + "-" + COUNT.incrementAndGet());
    try {
      execute("", "ip", "netns", "add", made.name);
    } catch (IllegalStateException e) {
      throw new IllegalStateException(
          "no network namespace can be made; run these tests as root", e);
    }
    OPEN.add(made);
    made.ip("link set lo up");
    return made;
  }

  /** Its name, as {@code ip netns} knows it. */
  public String name() {
    return name;
  }

  /** Runs the code on a thread of its own, inside. */
  public <T> T call(Callable<T> inside) throws Exception {
    FutureTask<T> task =
        new FutureTask<>(() -> {
          enter();
          return inside.call();
        });
    Thread.ofPlatform().daemon().name("in " + name).start(task);
    try {
      return task.get();
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case Exception cause -> throw cause;
        case Error cause -> throw cause;
        case null, default -> throw e;
      }
    }
  }

  /**
   * Runs a program inside until it ends and returns its standard output; fails with what it said.
   */
  public String run(String... command) {
    try {
      return call(() -> execute("", command));
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(String.join(" ", command), e);
    }
  }

  /** Starts a program inside that ends with this namespace at the latest. */
  public Program start(String... command) {
    return start(new ProcessBuilder(command));
  }

  /** Starts a program inside, with the environment and directory that the builder names. */
  public Program start(ProcessBuilder builder) {
    try {
      Process process = call(() -> builder.redirectErrorStream(true).start());
      Program program = new Program(process, String.join(" ", builder.command()));
      programs.add(program);
      return program;
    } catch (Exception e) {
      throw new IllegalStateException(String.join(" ", builder.command()), e);
    }
  }

  /** Sets a sysctl of this namespace, such as {@code net.ipv4.ip_forward}. */
  public void sysctl(String key, String value) {
    try {
      Path file = Path.of("/proc/sys", key.split("\\."));
      call(() -> Files.writeString(file, value));
    } catch (Exception e) {
      throw new IllegalStateException("sysctl " + key + "=" + value, e);
    }
  }

  /** Kills what runs inside and removes the namespace. */
  @Override
  public void close() {
    if (OPEN.remove(this)) {
      programs.forEach(Program::close);
      execute("", "ip", "netns", "delete", name);
    }
  }

  @Override
  public String toString() {
    return name;
  }

  /** Carries out several {@code ip} commands, one a line, at once. */
  void ip(String commands) {
    execute(commands, "ip", "-n", name, "-batch", "-");
  }

  private void enter() {
    int fd = Libc.open("/run/netns/" + name, Libc.O_RDONLY | Libc.O_CLOEXEC);
    try {
      Libc.setns(fd, Libc.CLONE_NEWNET);
    } finally {
      Libc.close(fd);
    }
  }

  private static String execute(String stdin, String... command) {
    try {
      Path said = Files.createTempFile("podveil-", ".stderr");
      try {
        Process process = new ProcessBuilder(command).redirectError(said.toFile()).start();
        process.getOutputStream().write(stdin.getBytes(UTF_8));
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
          process.destroyForcibly();
          throw new IllegalStateException(
              "%s: %s".formatted(List.of(command), Files.readString(said).strip()));
        }
        return output;
      } finally {
        Files.delete(said);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw Program.interrupted(e);
    }
  }
}
