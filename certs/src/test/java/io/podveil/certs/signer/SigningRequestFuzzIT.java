package io.podveil.certs.signer;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.podveil.certs.signer.SigningRequest.Reading;
import java.nio.charset.StandardCharsets;

/** Whatever is sent in place of a CSR: an answer, never an exception. */
final class SigningRequestFuzzIT {
  @FuzzTest
  void readsAnyTextWithoutThrowing(byte[] input) {
    read(new String(input, StandardCharsets.UTF_8));
  }

  @FuzzTest
  void readsAnyDerWithoutThrowing(byte[] input) {
    read(Pem.block("CERTIFICATE REQUEST", input));
  }

  private static void read(String text) {
    if (SigningRequest.read(text) instanceof Reading.Acceptable(SigningRequest request)
        && !SpiffeId.parse(request.names().id().toString()).equals(request.names().id())) {
      throw new AssertionError("accepted an id that does not survive being written");
    }
  }
}
