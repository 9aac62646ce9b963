package io.podveil.injector.injection;

import java.util.Locale;

/**
 * What a pod does with plaintext that reaches it from outside, unless its annotation says
 * otherwise.
 */
public enum Mode {
  STRICT,
  PERMISSIVE;

  String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
