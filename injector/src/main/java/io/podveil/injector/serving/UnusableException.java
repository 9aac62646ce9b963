package io.podveil.injector.serving;

import org.jspecify.annotations.Nullable;

/** Files that hold no credential to serve with; the message says which, and why. */
public final class UnusableException extends Exception {
  private static final long serialVersionUID = 1;

  UnusableException(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
