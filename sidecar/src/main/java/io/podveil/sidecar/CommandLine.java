package io.podveil.sidecar;

import static java.util.stream.Collectors.joining;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The words of the command line, sorted but not yet read: no value is looked at here.
 *
 * @param given what was given for each option
 */
record CommandLine(Command command, Wanted wanted, Map<Option<?>, String> given) {
  /** Whether the user wants it done or told. */
  enum Wanted {
    WORK,
    HELP,
    VERSION
  }

  private static final String SHORT_VERBOSE = "-v";
  private static final List<String> HELP = List.of("--help", "-h");
  private static final String VERSION = "--version";

  /** Sorts the words, or refuses with the one line that says which is wrong. */
  static CommandLine read(String[] args) {
    List<String> words = Arrays.asList(args);
    // Whoever asks for help gets it, whatever else stands on the line.
    if (words.stream().anyMatch(HELP::contains)) {
      return new CommandLine(commandAmong(words), Wanted.HELP, Map.of());
    }
    if (words.contains(VERSION)) {
      return new CommandLine(Command.CAPTURE_AND_RUN, Wanted.VERSION, Map.of());
    }
    return sorted(words.iterator());
  }

  private static Command commandAmong(List<String> words) {
    return words.stream()
        .flatMap(word -> Command.named(word).stream())
        .findFirst()
        .orElse(Command.CAPTURE_AND_RUN);
  }

  private static CommandLine sorted(Iterator<String> words) {
    @Nullable Command command = null;
    Map<Option<?>, String> given = new HashMap<>();
    while (words.hasNext()) {
      String word = words.next();
      if (word.startsWith("-") && word.length() > 1) {
        int equals = word.indexOf('=');
        Option<?> option = option(equals < 0 ? word : word.substring(0, equals));
        String value = equals < 0 ? valueOf(option, words) : word.substring(equals + 1);
        add(given, option, value);
      } else if (command == null) {
        command = command(word);
      } else {
        throw new UsageException(
            "\"%s\" comes after the command %s: allowed are options only"
                .formatted(OneLine.of(word), command.word));
      }
    }
    Command chosen = command == null ? Command.CAPTURE_AND_RUN : command;
    given.keySet().forEach(option -> requireConcerned(option, chosen));
    return new CommandLine(chosen, Wanted.WORK, Map.copyOf(given));
  }

  private static Option<?> option(String word) {
    for (Option<?> option : Options.ALL) {
      if (word.equals(option.flag())
          || (option.equals(Options.VERBOSE) && word.equals(SHORT_VERBOSE))) {
        return option;
      }
    }
    throw new UsageException(
        "%s is not an option%s; --help lists them all"
            .formatted(OneLine.of(word), Nearest.to(word, flags())));
  }

  private static List<String> flags() {
    return Stream.concat(
            Options.ALL.stream().map(Option::flag), Stream.of(SHORT_VERBOSE, VERSION, "--help"))
        .toList();
  }

  private static String valueOf(Option<?> option, Iterator<String> words) {
    if (option.arity() == Option.Arity.SWITCH) {
      return "true";
    }
    String value = words.hasNext() ? words.next() : "--";
    if (value.startsWith("--")) {
      throw new UsageException(
          "%s is given without a value: allowed is %s %s, or %s=%s for one that begins with dashes"
              .formatted(
                  option.flag(),
                  option.flag(),
                  option.placeholder(),
                  option.flag(),
                  option.placeholder()));
    }
    return value;
  }

  private static void add(Map<Option<?>, String> given, Option<?> option, String value) {
    String before = given.get(option);
    if (before == null || option.arity() == Option.Arity.SWITCH) {
      given.put(option, value);
    } else if (option.arity() == Option.Arity.LIST) {
      given.put(option, Stream.of(before, value).filter(s -> !s.isBlank()).collect(joining(",")));
    } else {
      throw new UsageException(
          "%s is given twice, as \"%s\" and as \"%s\": allowed is once"
              .formatted(option.flag(), OneLine.of(before), OneLine.of(value)));
    }
  }

  private static Command command(String word) {
    return Command.named(word)
        .orElseThrow(() ->
            new UsageException(
                "\"%s\" is not a command%s; allowed are capture, run, or none for both"
                    .formatted(OneLine.of(word), Nearest.to(word, List.of("capture", "run")))));
  }

  private static void requireConcerned(Option<?> option, Command command) {
    if (!option.section().concerns(command)) {
      throw new UsageException(
          "%s means nothing to %s; --help says what does"
              .formatted(
                  option.flag(),
                  command.word.isEmpty() ? "podveil-sidecar without capture" : command.word));
    }
  }
}
