package io.podveil.sidecar.tls;

import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.SslHandshakeTimeoutException;
import io.podveil.sidecar.identity.Credential;
import io.podveil.sidecar.identity.FlawedCertificateException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import javax.net.ssl.SSLException;

/**
 * Why there is no TLS connection, in a form to count and a line to read.
 *
 * @param text the likely cause and what to do about it, on one line
 */
public record HandshakeFailure(Reason reason, String text) {

  /** Few enough to be the values of a metric's label. */
  public enum Reason {
    NOT_TLS,
    INCOMPATIBLE,
    NO_CERTIFICATE,
    EXPIRED,
    NOT_YET_VALID,
    UNKNOWN_AUTHORITY,
    WRONG_TRUST_DOMAIN,
    NOT_AN_SVID,
    WRONG_USAGE,
    TOO_LARGE,
    MALFORMED,
    REFUSED_BY_PEER,
    CLOSED,
    TIMED_OUT,
    OWN_CERTIFICATE,
    OTHER;

    /** The reason as a label's value: {@code not_tls}. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private static final int MAX_DETAIL = 200;
  private static final int MAX_CAUSES = 16;

  /**
   * Explains what a handshake failed with, or what a connection failed with later: in TLS 1.3 a
   * client believes it is connected before it learns that it was refused, and then reads an alert.
   *
   * @param ours our part in the handshake
   */
  public static HandshakeFailure explain(Throwable failure, Role ours) {
    List<Throwable> causes = causes(failure);
    for (Throwable cause : causes) {
      // Deepest down, under what the engines make of it, but it says the most.
      if (cause instanceof FlawedCertificateException flawed) {
        return flawed(flawed);
      }
    }
    return causes.stream()
        .flatMap(cause -> ofOne(cause, ours).stream())
        .findFirst()
        .orElseGet(() ->
            new HandshakeFailure(
                Reason.OTHER, "TLS failed: " + printable(causes.getLast().toString())));
  }

  /** The failure, what caused it, and so on; bounded, for nothing forbids a ring of causes. */
  private static List<Throwable> causes(Throwable failure) {
    List<Throwable> causes = new ArrayList<>();
    for (Throwable e = failure; e != null && causes.size() < MAX_CAUSES; e = e.getCause()) {
      causes.add(e);
    }
    return causes;
  }

  /** Why no handshake is begun while our own certificate is not valid. */
  public static HandshakeFailure ownCertificate(Credential own) {
    return new HandshakeFailure(
        Reason.OWN_CERTIFICATE,
        "our own certificate is valid from "
            + own.notBefore()
            + " to "
            + own.notAfter()
            + " only; is its renewal stuck, or the clock wrong?");
  }

  private static HandshakeFailure flawed(FlawedCertificateException e) {
    Reason reason = Reason.valueOf(e.flaw().name());
    String hint =
        switch (e.flaw()) {
          case EXPIRED -> "; is its renewal stuck, or a clock wrong?";
          case NOT_YET_VALID -> "; is a clock wrong?";
          case UNKNOWN_AUTHORITY -> "; do both sides have the same trust roots?";
          case WRONG_TRUST_DOMAIN -> "; does it belong to another cluster?";
          case NOT_AN_SVID, WRONG_USAGE, TOO_LARGE, MALFORMED -> "; who issued it?";
        };
    return new HandshakeFailure(reason, "peer's certificate refused: " + e.getMessage() + hint);
  }

  private static Optional<HandshakeFailure> ofOne(Throwable e, Role ours) {
    return switch (e) {
      case NotSslRecordException plain -> Optional.of(notTls(ours));
      case SslHandshakeTimeoutException timeout -> Optional.of(timedOut());
      case SSLException ssl -> ofMessage(String.valueOf(ssl.getMessage()), ours);
      // A channel that was closed, or the kernel's word: connection reset by peer, broken pipe.
      case IOException io -> Optional.of(closed(ours));
      default -> Optional.empty();
    };
  }

  private static Optional<HandshakeFailure> ofMessage(String message, Role ours) {
    return Alert.in(message).map(Alert::failure).or(() -> EngineMessages.explain(message, ours));
  }

  private static HandshakeFailure timedOut() {
    return new HandshakeFailure(
        Reason.TIMED_OUT, "no TLS handshake within the time; is the peer meshed, or overloaded?");
  }

  static HandshakeFailure notTls(Role ours) {
    return new HandshakeFailure(
        Reason.NOT_TLS,
        switch (ours) {
          case CLIENT -> "not meshed: there is no TLS there";
          case SERVER -> "plaintext where mutual TLS is required; is the client meshed?";
        });
  }

  static HandshakeFailure closed(Role ours) {
    return new HandshakeFailure(
        Reason.CLOSED,
        switch (ours) {
          case CLIENT -> "peer closed the connection during the handshake; is it meshed?";
          case SERVER -> "client closed the connection during the handshake";
        });
  }

  /** Text from elsewhere, fit for one log line. */
  static String printable(String text) {
    String clean = text.replaceAll("[^ -~]", "?");
    return clean.length() > MAX_DETAIL ? clean.substring(0, MAX_DETAIL) : clean;
  }
}
