package io.podveil.sidecar.wire;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.podveil.sidecar.wire.Conversation.Role;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Runs over the inputs in src/test/resources beside it. To look for new ones:
 *
 * <pre>JAZZER_FUZZ=1 mvn -pl sidecar -am test -Dtest=FrameCodecFuzzTest -Djazzer.hooks=true
 *     -Dsurefire.failIfNoSpecifiedTests=false</pre>
 *
 * A finding is saved among those inputs; commit it with the fix.
 */
final class FrameCodecFuzzTest {
  /**
   * The first byte says who is attacked and how the others are cut: its lowest bit and the rest of
   * it.
   */
  @FuzzTest(maxDuration = "2m")
  void survivesWhateverThePeerSends(byte[] input) {
    int how = input.length == 0 ? 0 : Byte.toUnsignedInt(input[0]);
    int length = 1 + (how >> 1);
    List<byte[]> pieces = new ArrayList<>();
    for (int from = 1; from < input.length; from += length) {
      pieces.add(Arrays.copyOfRange(input, from, Math.min(input.length, from + length)));
    }
    HostilePeer.attack((how & 1) == 0 ? Role.CLIENT : Role.SERVER, pieces);
  }
}
