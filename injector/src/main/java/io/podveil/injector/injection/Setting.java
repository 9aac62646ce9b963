package io.podveil.injector.injection;

import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;

/**
 * What can be chosen for a pod, by an annotation {@code podveil.io/...} with the setting's name.
 */
public enum Setting {
  INBOUND("strict, permissive", Values.oneOf("strict", "permissive")),
  OUTBOUND("auto, strict", Values.oneOf("auto", "strict")),
  EXCLUDE_INBOUND_PORTS(Values.PORTS_ALLOWED, Values::ports),
  EXCLUDE_OUTBOUND_PORTS(Values.PORTS_ALLOWED, Values::ports),
  EXCLUDE_OUTBOUND_CIDRS("networks and addresses, as in 10.0.0.0/8,fd00::/8", Values::cidrs),
  LOG_FORMAT("text, json", Values.oneOf("text", "json")),
  CPU_REQUEST(Values.CPU_ALLOWED, Values::cpu),
  MEMORY_REQUEST(Values.MEMORY_ALLOWED, Values::memory),
  CPU_LIMIT(Values.CPU_ALLOWED, Values::cpu),
  MEMORY_LIMIT(Values.MEMORY_ALLOWED, Values::memory),
  REWRITE_PROBES("true, false", Values.oneOf("true", "false"));

  /** What all of Podveil's labels and annotations begin with. */
  static final String DOMAIN = "podveil.io/";

  private final String allowed;

  @SuppressWarnings("ImmutableEnumChecker") // pure functions, all of them
  private final Function<String, Optional<String>> reader;

  Setting(String allowed, Function<String, Optional<String>> reader) {
    this.allowed = allowed;
    this.reader = reader;
  }

  /** The setting's name, as in an annotation and in the programs' options. */
  public String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  String annotation() {
    return DOMAIN + word();
  }

  /** The sidecar's environment variable of the same meaning. */
  String variable() {
    return "PODVEIL_" + name();
  }

  /** What a value may be, for the one who wrote another. */
  public String allowed() {
    return allowed;
  }

  /** The value in the form that is passed on; empty if it is not allowed. */
  public Optional<String> read(String value) {
    return reader.apply(value);
  }
}
