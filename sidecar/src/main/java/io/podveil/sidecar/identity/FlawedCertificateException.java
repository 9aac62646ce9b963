package io.podveil.sidecar.identity;

import java.security.cert.CertificateException;

/** A certificate was judged and found wanting; the message is one line that a person can act on. */
public final class FlawedCertificateException extends CertificateException {

  private static final long serialVersionUID = 1;

  private final Flaw flaw;

  FlawedCertificateException(Flaw flaw, String message) {
    super(message);
    this.flaw = flaw;
  }

  public Flaw flaw() {
    return flaw;
  }

  /** A refusal is no bug, and anybody can cause one: it costs no stack trace. */
  @Override
  public synchronized Throwable fillInStackTrace() {
    return this;
  }
}
