package io.podveil.sidecar;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Waits for the sidecar of this network namespace by asking {@code /readyz} at its admin port, over
 * loopback, which no rule captures. It may still warm up: that ends while the kubelet gets the
 * app's first container to run. By hand, for an HTTP client would take longer to load than the
 * sidecar takes to get ready.
 */
final class AwaitReady {
  private static final String QUESTION =
      "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

  /** An answer comes within one second, in which the sidecar tries the rules. */
  private static final int ANSWER_MILLIS = 3000;

  private static final int LONGEST = 4096;

  /** A start takes this long where nothing is wrong; all the pod waits for its end. */
  private static final Duration USUAL = Duration.ofSeconds(5);

  /** An answer costs a sidecar that has just begun 4 ms of its CPU, which its own start needs. */
  private static final Duration PAUSE = Duration.ofMillis(100);

  /** What takes longer than usual isn't over in a moment. */
  private static final Duration LONG_PAUSE = Duration.ofMillis(500);

  private final int port;
  private final Consumer<String> say;

  /**
   * @param port the sidecar's admin port
   * @param say told what is waited for, if that takes longer than usual
   */
  AwaitReady(int port, Consumer<String> say) {
    this.port = port;
    this.say = say;
  }

  /** Nothing once it serves, or what is missing still when patience has come to its end. */
  Optional<String> within(Duration patience) {
    long began = System.nanoTime();
    String told = "";
    while (true) {
      Optional<String> missing = missing();
      Duration waited = Duration.ofNanos(System.nanoTime() - began);
      if (missing.isEmpty() || waited.compareTo(patience) >= 0) {
        return missing;
      }
      boolean isLate = waited.compareTo(USUAL) >= 0;
      if (isLate && !told.equals(missing.get())) {
        told = missing.get();
        say.accept("waiting for the sidecar: " + told);
      }
      pause(isLate ? LONG_PAUSE : PAUSE);
    }
  }

  private Optional<String> missing() {
    try (Socket socket = new Socket()) {
      socket.setSoTimeout(ANSWER_MILLIS);
      socket.connect(
          new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port), ANSWER_MILLIS);
      socket.getOutputStream().write(QUESTION.getBytes(UTF_8));
      return missing(new String(socket.getInputStream().readNBytes(LONGEST), UTF_8));
    } catch (IOException e) {
      return Optional.of("nothing answers at its port " + port + " (" + e.getMessage() + ")");
    }
  }

  private static Optional<String> missing(String answer) {
    if (answer.startsWith("HTTP/1.1 200 ")) {
      return Optional.empty();
    }
    String body = answer.substring(answer.indexOf("\r\n\r\n") + 1).strip();
    String missing = body.lines().findFirst().orElse("no answer").replaceFirst("^not ready: ", "");
    return Optional.of(missing).filter(what -> !what.equals(Readiness.WARMING_UP));
  }

  private static void pause(Duration time) {
    try {
      Thread.sleep(time);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
