package io.podveil.sidecar;

import java.util.Comparator;
import java.util.List;

/** Finds what a mistyped word was probably meant to be. */
final class Nearest {
  private static final int LONGEST = 64;

  private Nearest() {}

  /** {@code ; is --inbound meant?}, or nothing where no candidate is near. */
  static String to(String word, List<String> candidates) {
    if (word.length() > LONGEST) {
      return "";
    }
    return candidates.stream()
        .filter(candidate -> distance(word, candidate) <= Math.max(1, (candidate.length() - 2) / 3))
        .min(Comparator.comparingInt(candidate -> distance(word, candidate)))
        .map("; is %s meant?"::formatted)
        .orElse("");
  }

  /** Levenshtein's: how many letters to add, drop or change. */
  private static int distance(String one, String other) {
    int[] previous = new int[other.length() + 1];
    for (int j = 0; j <= other.length(); j++) {
      previous[j] = j;
    }
    for (int i = 1; i <= one.length(); i++) {
      int[] current = new int[other.length() + 1];
      current[0] = i;
      for (int j = 1; j <= other.length(); j++) {
        int change = one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1;
        current[j] = Math.min(previous[j - 1] + change, 1 + Math.min(previous[j], current[j - 1]));
      }
      previous = current;
    }
    return previous[other.length()];
  }
}
