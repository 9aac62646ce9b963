package io.podveil.injector;

import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;

/** Takes {@code --trust-domain} from {@code PODVEIL_TRUST_DOMAIN} if the command line lacks it. */
record EnvironmentDefaults(Map<String, String> environment) implements IDefaultValueProvider {
  @Override
  public @Nullable String defaultValue(ArgSpec argument) {
    if (!(argument instanceof OptionSpec option) || option.arity().max() == 0) {
      return null;
    }
    String name = option.longestName().substring("--".length());
    String value = environment.get("PODVEIL_" + name.replace('-', '_').toUpperCase(Locale.ROOT));
    // Manifests set a variable to nothing when they mean to leave it out.
    return value == null || value.isBlank() ? null : value;
  }
}
