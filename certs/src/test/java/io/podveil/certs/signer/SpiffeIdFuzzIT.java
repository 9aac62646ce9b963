package io.podveil.certs.signer;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;

/** An id is what it was read from, or it is refused; nothing in between. */
final class SpiffeIdFuzzIT {
  @FuzzTest
  void readsAndWritesTheSameOrRefuses(byte[] input) {
    String text = new String(input, StandardCharsets.UTF_8);
    try {
      if (!SpiffeId.parse(text).toString().equals(text)) {
        throw new AssertionError("changed " + text);
      }
    } catch (IllegalArgumentException e) {
      // Refused.
    }
  }
}
