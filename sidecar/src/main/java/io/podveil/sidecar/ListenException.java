package io.podveil.sidecar;

/** A listener could not be opened; the message says which, why, and what to do. */
final class ListenException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  ListenException(String message, Throwable cause) {
    super(message, cause);
  }
}
