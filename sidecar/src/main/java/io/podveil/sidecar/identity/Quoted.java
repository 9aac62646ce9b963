package io.podveil.sidecar.identity;

/**
 * Text that somebody else chose, made fit for one log line: bounded, and without control
 * characters.
 */
final class Quoted {

  private static final int MAX_LENGTH = 120;

  private Quoted() {}

  static String of(String text) {
    StringBuilder quoted = new StringBuilder("'");
    for (int i = 0; i < Math.min(text.length(), MAX_LENGTH); i++) {
      char c = text.charAt(i);
      quoted.append(c < 0x20 || c > 0x7e || c == '\'' ? '?' : c);
    }
    return quoted.append(text.length() > MAX_LENGTH ? "...'" : "'").toString();
  }
}
