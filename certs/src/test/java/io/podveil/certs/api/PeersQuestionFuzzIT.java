package io.podveil.certs.api;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.podveil.certs.api.PeersEndpoint.Question;
import io.podveil.certs.peers.PeerAddress;
import java.nio.charset.StandardCharsets;

/** Whatever is sent in place of a question: an answer, never an exception. */
final class PeersQuestionFuzzIT {
  @FuzzTest
  void readsAnyBodyWithoutThrowing(byte[] input) {
    if (PeersEndpoint.read(new String(input, StandardCharsets.UTF_8))
        instanceof Question.Of(var addresses)) {
      for (Question.Asked asked : addresses) {
        PeerAddress again = PeerAddress.parse(asked.address().toString()).orElseThrow();
        if (!again.equals(asked.address())) {
          throw new AssertionError("changed " + asked);
        }
      }
    }
  }
}
