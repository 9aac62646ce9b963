package io.podveil.sidecar.capture;

import java.io.Serial;

/** Capture can't be put in force, or isn't: one line with the cause and what to do about it. */
public final class CaptureException extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  CaptureException(String message) {
    super(message);
  }

  CaptureException(String message, Throwable cause) {
    super(message, cause);
  }

  static CaptureException notPermitted() {
    return new CaptureException(
        "capture may not change this network namespace; give it CAP_NET_ADMIN (in a pod: securityContext.capabilities.add NET_ADMIN, as user 0)");
  }
}
