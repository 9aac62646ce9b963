package io.podveil.injector;

/** The program can't start; the message says why, in one line. */
final class StartException extends Exception {
  private static final long serialVersionUID = 1;

  StartException(String message) {
    super(message);
  }
}
