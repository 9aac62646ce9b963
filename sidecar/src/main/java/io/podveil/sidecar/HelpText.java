package io.podveil.sidecar;

import static java.util.stream.Collectors.groupingBy;
import static java.util.stream.Collectors.joining;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The answer to {@code --help}, made from the option table, so that it can't be incomplete. */
final class HelpText {
  private HelpText() {}

  static String of(Command command) {
    Map<Option.Section, List<Option<?>>> sections =
        Options.ALL.stream()
            .filter(option -> option.section().concerns(command))
            .collect(groupingBy(Option::section, LinkedHashMap::new, Collectors.toList()));
    return usage(command)
        + sections.entrySet().stream()
            .map(section -> section(section.getKey(), section.getValue()))
            .collect(joining("\n"))
        + """

        Every option may be given as the environment variable beside it; the command line wins.
        A LIST has commas between its items and may be given several times. A TIME is a number
        with ms, s, m or h.\
        """;
  }

  private static String usage(Command command) {
    return switch (command) {
      case CAPTURE -> "Usage: podveil-sidecar capture [OPTION]...\n\n" + summary(command) + "\n";
      case RUN -> "Usage: podveil-sidecar run [OPTION]...\n\n" + summary(command) + "\n";
      case CAPTURE_AND_RUN ->
          """
          Usage: podveil-sidecar [COMMAND] [OPTION]...

          Transparent mutual TLS for the programs of one network namespace.

          """
              + Arrays.stream(Command.values()).map(HelpText::summary).collect(joining())
              + """

                --help     after a command, its options alone
                --version  what was built, and from which commit

              """;
    };
  }

  private static String summary(Command command) {
    return "  %-9s  %s\n"
        .formatted(command.word.isEmpty() ? "(none)" : command.word, command.summary);
  }

  private static String section(Option.Section section, List<Option<?>> options) {
    return options.stream().map(HelpText::option).collect(joining("", section.title + ":\n", ""));
  }

  private static String option(Option<?> option) {
    String syntax =
        (option.equals(Options.VERBOSE) ? "-v, " : "") + option.flag() + " " + option.placeholder();
    return "  %s, %s (%s)\n        %s\n"
        .formatted(syntax.strip(), option.variable(), fallback(option), option.help());
  }

  private static String fallback(Option<?> option) {
    String fallback = option.fallback();
    if (fallback == null) {
      return "no default";
    }
    return fallback.isEmpty() ? "default none" : "default " + fallback;
  }
}
