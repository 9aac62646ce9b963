package io.podveil.sidecar.identity;

/** An identity can't be used. The message is one line: what, the likely cause, what to do. */
public final class IdentityException extends RuntimeException {

  private static final long serialVersionUID = 1;

  public IdentityException(String message) {
    super(message);
  }

  public IdentityException(String message, Throwable cause) {
    super(message, cause);
  }
}
