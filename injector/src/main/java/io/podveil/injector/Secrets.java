package io.podveil.injector;

import java.security.SecureRandom;
import java.util.Base64;
import java.util.function.Supplier;

/** Words that nobody guesses: 128 random bits each, in letters that a path takes as they are. */
final class Secrets implements Supplier<String> {
  private static final int BYTES = 16;

  private final SecureRandom random = new SecureRandom();

  @Override
  public String get() {
    byte[] bytes = new byte[BYTES];
    random.nextBytes(bytes);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }
}
