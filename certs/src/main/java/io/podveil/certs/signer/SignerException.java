package io.podveil.certs.signer;

/** The authority cannot sign, or cannot be used at all. The message is one line for a person. */
public final class SignerException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public SignerException(String message) {
    super(message);
  }

  public SignerException(String message, Throwable cause) {
    super(message, cause);
  }
}
