package io.podveil.sidecar.wire;

import java.io.IOException;

/** The peer sent what podveil/1 does not allow; the connection cannot be used any more. */
public final class ProtocolViolation extends IOException {
  private static final long serialVersionUID = 1L;

  ProtocolViolation(String message) {
    super(message);
  }
}
