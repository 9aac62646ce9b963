package io.podveil.sidecar;

import io.podveil.sidecar.Configuration.Interception;
import io.podveil.sidecar.Configuration.Logging;
import java.time.Duration;
import java.util.Map;

/**
 * What the command line and the environment together ask for; main carries it out in one switch.
 */
public sealed interface Invocation {
  /**
   * Set the rules and routes of this network namespace and verify them, or take them away.
   *
   * @param remove whether to take them away
   * @param await how long to wait then for the sidecar to serve; zero for not at all
   */
  record Capture(Interception interception, Logging logging, boolean remove, Duration await)
      implements Invocation {}

  /** Serve, in a network namespace whose rules were set before. */
  record Run(Configuration configuration) implements Invocation {}

  /** Set the rules, then serve. */
  record CaptureAndRun(Configuration configuration) implements Invocation {}

  /** Print the text on standard output and exit 0. */
  record Help(String text) implements Invocation {}

  /** Print the text on standard output and exit 0. */
  record Version(String text) implements Invocation {}

  /** Nothing can be done: print the line on standard error and exit 2. */
  record Invalid(String line) implements Invocation {}

  /** Reads both; whatever they hold, it throws nothing. */
  static Invocation parse(String[] args, Map<String, String> environment) {
    try {
      CommandLine line = CommandLine.read(args);
      return switch (line.wanted()) {
        case HELP -> new Help(HelpText.of(line.command()));
        case VERSION -> new Version(Build.current().toString());
        case WORK -> line.command().invocation(new Settings(line, environment));
      };
    } catch (UsageException e) {
      return new Invalid(e.getMessage());
    }
  }
}
