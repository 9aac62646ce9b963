package io.podveil.sidecar;

import java.util.Arrays;
import java.util.Optional;

/** What the first word of the command line names. */
enum Command {
  CAPTURE(
      "capture",
      "set (or remove) rules and routes of this network namespace and exit; needs NET_ADMIN") {
    @Override
    Invocation invocation(Settings settings) {
      boolean remove = settings.get(Options.REMOVE);
      if (remove && settings.has(Options.AWAIT)) {
        throw new UsageException("--await goes without --remove, after which nothing gets ready");
      }
      return new Invocation.Capture(
          Configuration.Interception.from(settings),
          Configuration.Logging.from(settings),
          remove,
          settings.get(Options.AWAIT));
    }
  },
  RUN("run", "serve; needs only NET_RAW and NET_BIND_SERVICE") {
    @Override
    Invocation invocation(Settings settings) {
      return new Invocation.Run(Configuration.from(settings));
    }
  },
  CAPTURE_AND_RUN("", "both, in this order; needs NET_ADMIN too") {
    @Override
    Invocation invocation(Settings settings) {
      return new Invocation.CaptureAndRun(Configuration.from(settings));
    }
  };

  final String word;
  final String summary;

  Command(String word, String summary) {
    this.word = word;
    this.summary = summary;
  }

  abstract Invocation invocation(Settings settings);

  static Optional<Command> named(String word) {
    return Arrays.stream(values())
        .filter(command -> !command.word.isEmpty() && command.word.equals(word))
        .findFirst();
  }
}
