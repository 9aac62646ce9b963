package io.podveil.injector.injection;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What holds for a pod: the injector's defaults, the namespace's, and above them the pod's own
 * annotations.
 */
public record Settings(Map<Setting, String> values) {
  /** Where {@link Addition} notes what it added: ours, so not a setting that someone misspelt. */
  static final String STAMP = Setting.DOMAIN + "injected-by";

  private static final String OPT_IN = Setting.DOMAIN + "inject";

  public Settings {
    values = Collections.unmodifiableMap(new EnumMap<>(values));
  }

  /** Settings, or what is wrong with what was written. */
  record Reading(Settings settings, List<String> problems) {}

  Optional<String> value(Setting setting) {
    return Optional.ofNullable(values.get(setting));
  }

  Settings with(Setting setting, String value) {
    EnumMap<Setting, String> changed = new EnumMap<>(Setting.class);
    changed.putAll(values);
    changed.put(setting, value);
    return new Settings(changed);
  }

  /** These settings as defaults beneath a pod's own. */
  Reading read(Pod pod) {
    List<String> problems = new ArrayList<>();
    Settings read = this;
    for (Map.Entry<String, String> annotation : pod.annotations().entrySet()) {
      String name = annotation.getKey();
      if (!name.startsWith(Setting.DOMAIN) || name.equals(STAMP)) {
        continue;
      }
      Optional<Setting> setting = named(name);
      Optional<String> value = setting.flatMap(known -> known.read(annotation.getValue()));
      if (value.isPresent()) {
        read = read.with(setting.orElseThrow(), value.get());
      } else {
        problems.add(
            setting
                .map(known -> refused(known, annotation.getValue()))
                .orElseGet(() -> unknown(name)));
      }
    }
    pod.labels().keySet().stream()
        .filter(name -> named(name).isPresent())
        .map(Settings::misplaced)
        .forEach(problems::add);
    if (problems.isEmpty()) {
      problems.addAll(read.contradictions());
    }
    return new Reading(read, List.copyOf(problems));
  }

  /**
   * Requests above their limits, which the API server would refuse in words that don't lead here.
   */
  public List<String> contradictions() {
    return Stream.concat(
            contradiction(Setting.CPU_REQUEST, Setting.CPU_LIMIT).stream(),
            contradiction(Setting.MEMORY_REQUEST, Setting.MEMORY_LIMIT).stream())
        .toList();
  }

  private Optional<String> contradiction(Setting request, Setting limit) {
    return value(request)
        .filter(asked -> value(limit).filter(most -> Values.exceeds(asked, most)).isPresent())
        .map(asked ->
            "%s is \"%s\": allowed is at most %s, the value of %s"
                .formatted(
                    request.annotation(), asked, value(limit).orElseThrow(), limit.annotation()));
  }

  private static Optional<Setting> named(String name) {
    return Stream.of(Setting.values())
        .filter(setting -> setting.annotation().equals(name))
        .findFirst();
  }

  private static String refused(Setting setting, String value) {
    return "%s is \"%s\": allowed are %s"
        .formatted(setting.annotation(), Text.shown(value), setting.allowed());
  }

  private static String unknown(String name) {
    if (name.equals(OPT_IN)) {
      return OPT_IN + " is an annotation here: it is a label";
    }
    return "%s is not an annotation of Podveil: allowed are %s"
        .formatted(
            Text.shown(name),
            String.join(", ", Stream.of(Setting.values()).map(Setting::annotation).toList()));
  }

  private static String misplaced(String name) {
    return name + " is a label here: on a pod it is an annotation";
  }
}
