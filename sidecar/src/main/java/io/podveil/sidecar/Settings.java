package io.podveil.sidecar;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where an option's value comes from: the command line, else the environment, else the default. An
 * empty variable is as good as none, as manifests often leave one.
 *
 * <p>Variables that are no option are not looked at: Kubernetes makes its own for every Service in
 * the namespace, and one named {@code podveil-…} yields {@code PODVEIL_…}. Where such a name is an
 * option's, as {@code PODVEIL_ADMIN_PORT} is, the injector sets it, and the kubelet lets that win.
 */
record Settings(CommandLine line, Map<String, String> environment) {
  private static final int LONGEST = 65536;

  <T> T get(Option<T> option) {
    String flag = line.given().get(option);
    if (flag != null) {
      return read(option, flag, option.flag() + " on the command line");
    }
    String variable = environment.get(option.variable());
    if (variable != null && !variable.isEmpty()) {
      return read(option, variable, option.variable() + " in the environment");
    }
    return read(option, fallback(option), "default of " + option.flag());
  }

  /** Whether it was set, be it to its default. */
  boolean has(Option<?> option) {
    return line.given().containsKey(option)
        || !environment.getOrDefault(option.variable(), "").isEmpty();
  }

  private static String fallback(Option<?> option) {
    @Nullable String fallback = option.fallback();
    if (fallback == null) {
      throw new UsageException(
          "%s %s is missing: give it, or set %s"
              .formatted(option.flag(), option.placeholder(), option.variable()));
    }
    return fallback;
  }

  private static <T> T read(Option<T> option, String text, String source) {
    if (text.length() > LONGEST || !text.codePoints().allMatch(OneLine::isPrintable)) {
      throw new UsageException(
          "%s: \"%s\" is too long or holds what cannot be printed: allowed are %d plain characters"
              .formatted(source, OneLine.of(text), LONGEST));
    }
    try {
      return option.reader().apply(text);
    } catch (IllegalArgumentException e) {
      throw new UsageException(source + ": " + e.getMessage());
    }
  }
}
