package io.podveil.sidecar;

/** The command line or the environment is wrong; the message is the one line for the user. */
final class UsageException extends RuntimeException {
  private static final long serialVersionUID = 1;

  UsageException(String line) {
    super(line);
  }

  /** The line is always there. */
  @Override
  public String getMessage() {
    return String.valueOf(super.getMessage());
  }
}
