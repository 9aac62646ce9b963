package io.podveil.injector.injection;

/** Other people's text in our messages. */
public final class Text {
  private static final int LONGEST = 100;

  private Text() {}

  /** The text on one line and not too long: a name or value may not forge or flood a log. */
  public static String shown(String text) {
    String line = text.replaceAll("[^\\P{C}]", "?");
    return line.length() <= LONGEST ? line : line.substring(0, LONGEST) + "...";
  }
}
