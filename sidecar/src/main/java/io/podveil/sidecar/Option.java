package io.podveil.sidecar;

import java.util.Locale;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One row of the option table.
 *
 * @param name without dashes; the flag and the variable follow from it
 * @param placeholder what stands for the value in the help text
 * @param fallback the default, as a user would type it; null if there is none
 * @param reader reads the text or throws IllegalArgumentException, whose message says what was
 *     given and what is allowed
 */
record Option<T>(
    Section section,
    String name,
    Arity arity,
    String placeholder,
    @Nullable String fallback,
    Function<String, T> reader,
    String help) {

  /** How often it may be given, and with what. */
  enum Arity {
    /** At most once, with a value. */
    ONCE,
    /** As often as one likes; each adds to the list. */
    LIST,
    /** Without a value. */
    SWITCH
  }

  /** A heading of the help text, and which commands have the options below it. */
  enum Section {
    CAPTURE("Of capture alone"),
    CREDENTIALS("Credentials from files"),
    SERVICE("Credentials from podveil-certs, instead of files"),
    LISTENERS("Listeners"),
    INTERCEPTION("What is never touched"),
    TRAFFIC("What happens to the rest"),
    LIMITS("Limits"),
    LOGGING("Logging"),
    POD("The pod, as the injector tells it");

    final String title;

    Section(String title) {
      this.title = title;
    }

    boolean concerns(Command command) {
      return switch (this) {
        case CAPTURE -> command == Command.CAPTURE;
        case CREDENTIALS, SERVICE, TRAFFIC, LIMITS, POD -> command != Command.CAPTURE;
        case LISTENERS, INTERCEPTION, LOGGING -> true;
      };
    }
  }

  /** What it is when nobody sets it; not for options without a default. */
  T byDefault() {
    return reader.apply(Objects.requireNonNull(fallback));
  }

  // Each row exists once. A record's own equals and hashCode are put together when they are first
  // called, which takes a tenth of the time that a start takes.
  @Override
  public boolean equals(@Nullable Object other) {
    return this == other;
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(this);
  }

  String flag() {
    return "--" + name;
  }

  String variable() {
    return "PODVEIL_" + name.replace('-', '_').toUpperCase(Locale.ROOT);
  }
}
