package io.podveil.certs.issue;

import io.podveil.certs.signer.Names;
import io.podveil.certs.signer.SigningRequest;

/** Whether a request may be signed, and as what. */
sealed interface Decision {
  /** Sign the key of this request, for these names. */
  record Grant(SigningRequest request, Names names) implements Decision {}

  /** Do not; {@code detail} is for the one who asked. */
  record Deny(Refusal why, String detail) implements Decision {}
}
