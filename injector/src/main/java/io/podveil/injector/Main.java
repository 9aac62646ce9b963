package io.podveil.injector;

import java.io.IOException;
import java.io.InputStream;
import java.time.InstantSource;
import java.util.Map;
import java.util.Objects;
import java.util.logging.LogManager;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** {@code podveil-injector}: the admission webhook. */
public final class Main {
  private Main() {}

  /** Runs until it is told to end. Exit codes: 0 ended as told, 1 failed, 2 used wrongly. */
  public static void main(String... args) {
    int status = CommandLine.ExitCode.SOFTWARE;
    try {
      status = commandLine(System.getenv()).execute(args);
    } finally {
      // Also after an Error: threads that were started already would keep a program alive that
      // serves nobody.
      if (status != 0) {
        System.exit(status);
      }
    }
  }

  static CommandLine commandLine(Map<String, String> environment) {
    RunCommand command = new RunCommand(options -> run(options, environment));
    return new CommandLine(command)
        .setDefaultValueProvider(new EnvironmentDefaults(environment))
        .setCaseInsensitiveEnumValuesAllowed(false)
        .setParameterExceptionHandler(Main::usedWrongly)
        .setExecutionExceptionHandler((failure, line, _) -> failed(failure, line));
  }

  private static void run(Options options, Map<String, String> environment) throws Exception {
    configureLog();
    Injector injector = Injector.start(options, environment, InstantSource.system());
    Runtime.getRuntime().addShutdownHook(new Thread(() -> end(injector), "shutdown"));
  }

  private static void end(Injector injector) {
    injector.stop();
    // The JVM would report the signal as a failure: 143. To end when told to is none.
    Runtime.getRuntime().halt(0);
  }

  private static int usedWrongly(ParameterException problem, String... args) {
    say(problem.getCommandLine(), problem.getMessage() + "; see podveil-injector --help");
    return CommandLine.ExitCode.USAGE;
  }

  private static int failed(Exception failure, CommandLine line) {
    boolean explained = failure instanceof IOException || failure instanceof StartException;
    say(
        line,
        explained
            ? String.valueOf(failure.getMessage())
            : "internal error, please report it: " + failure);
    return CommandLine.ExitCode.SOFTWARE;
  }

  private static void say(CommandLine line, String message) {
    // What was given is quoted, and must not be able to write lines of its own.
    line.getErr().println("podveil-injector: " + message.replaceAll("\\p{Cntrl}+", " ").strip());
    line.getErr().flush();
  }

  private static void configureLog() throws IOException {
    try (InputStream in =
        Objects.requireNonNull(Main.class.getResourceAsStream("logging.properties"))) {
      LogManager.getLogManager().readConfiguration(in);
    }
  }
}
