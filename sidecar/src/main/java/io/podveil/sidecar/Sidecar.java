package io.podveil.sidecar;

import io.podveil.sidecar.admin.ConnectionLog;
import io.podveil.sidecar.capture.Capture;
import io.podveil.sidecar.capture.CaptureException;
import io.podveil.sidecar.capture.CaptureRules;
import io.podveil.sidecar.identity.Credential;
import io.podveil.sidecar.identity.IdentityException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/** The program: reads what it is asked for, does it, and exits with a code that tells. */
public final class Sidecar {
  private static final int FAILED = 1;
  private static final int USAGE = 2;

  /** The launcher's: this run leaves an AOT cache, which {@code capture} will use as well. */
  private static final String TRAINING = "PODVEIL_AOT_OUTPUT";

  private Sidecar() {}

  /** Exit codes: 0 done, 1 failed, 2 wrong usage. */
  public static void main(String[] arguments) {
    if (!List.of(arguments).contains(Command.CAPTURE.word)) {
      // What takes longest until there is an identity, so it runs beside all the rest.
      Thread.ofPlatform().daemon().name("p-256").start(Credential::prepare);
    }
    try {
      switch (Invocation.parse(arguments, System.getenv())) {
        case Invocation.Capture(var interception, var logging, boolean remove, Duration await) -> {
          capture(interception, log(logging), remove);
          await(interception, log(logging), await);
        }
        case Invocation.Run(Configuration configuration) -> serve(configuration);
        case Invocation.CaptureAndRun(Configuration configuration) -> {
          capture(configuration.interception(), log(configuration.logging()), false);
          serve(configuration);
        }
        case Invocation.Help(String text) -> System.out.println(text);
        case Invocation.Version(String text) -> System.out.println(text);
        case Invocation.Invalid(String line) -> exit(USAGE, line);
      }
    } catch (CaptureException | IdentityException | ListenException e) {
      exit(FAILED, String.valueOf(e.getMessage()));
    }
  }

  private static void capture(
      Configuration.Interception interception, ConnectionLog log, boolean remove) {
    if (remove) {
      Capture.remove();
      System.out.println(log.message("capture: rules and routes removed", Clock.systemUTC()));
      return;
    }
    CaptureRules rules = rules(interception);
    Capture.apply(rules);
    Capture.verify(rules);
    System.out.println(log.message("capture: rules and routes are in force", Clock.systemUTC()));
  }

  private static void await(
      Configuration.Interception interception, ConnectionLog log, Duration patience) {
    if (patience.isZero()) {
      return;
    }
    Consumer<String> say =
        text -> System.out.println(log.message("capture: " + text, Clock.systemUTC()));
    Optional<String> missing =
        new AwaitReady(interception.listeners().admin(), say).within(patience);
    if (missing.isPresent()) {
      exit(
          FAILED,
          "the rules are in force, but the sidecar is not ready after %d s: %s; its own log says more (in a pod: kubectl logs POD -c podveil)"
              .formatted(patience.toSeconds(), missing.get()));
    }
    say.accept("the sidecar serves");
  }

  /** What {@code capture} does in a pod, as far as it goes without its privilege. */
  private static void rehearse(Configuration configuration) {
    Configuration.Interception interception = configuration.interception();
    Capture.rehearse(rules(interception));
    AwaitReady ready = new AwaitReady(interception.listeners().admin(), text -> {});
    Thread.ofPlatform().daemon().start(() -> ready.within(Duration.ofSeconds(10)));
  }

  static ConnectionLog log(Configuration.Logging logging) {
    return switch (logging.format()) {
      case TEXT -> ConnectionLog.TEXT;
      case JSON -> ConnectionLog.JSON;
    };
  }

  static CaptureRules rules(Configuration.Interception interception) {
    return new CaptureRules(
        interception.listeners().tcp(),
        interception.listeners().tls(),
        interception.listeners().admin(),
        interception.excludedInboundPorts(),
        interception.excludedOutboundPorts(),
        interception.excludedOutboundCidrs());
  }

  private static void serve(Configuration configuration) {
    if (System.getenv(TRAINING) != null) {
      rehearse(configuration);
    }
    Server server = new Server(configuration);
    // A hook of the JVM's ends with the signal's own exit code, unless it halts: an orderly end is
    // 0.
    Thread drain =
        new Thread(
            () -> {
              server.drain();
              Runtime.getRuntime().halt(0);
            },
            "drain");
    // Before there is an identity, too: a pod may be deleted while it waits for its first one.
    Runtime.getRuntime().addShutdownHook(drain);
    try {
      server.serve();
    } catch (IdentityException | ListenException e) {
      Runtime.getRuntime().removeShutdownHook(drain);
      server.endLog();
      throw e;
    }
  }

  private static void exit(int code, String line) {
    System.err.println("podveil-sidecar: " + line);
    System.exit(code);
  }
}
