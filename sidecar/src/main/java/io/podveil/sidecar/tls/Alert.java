package io.podveil.sidecar.tls;

import io.podveil.sidecar.tls.HandshakeFailure.Reason;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a peer says as it ends a connection (RFC 8446, section 6.2), and what it likely means. */
enum Alert {
  UNEXPECTED_MESSAGE(10, Reason.INCOMPATIBLE, "do both speak TLS 1.3?"),
  HANDSHAKE_FAILURE(40, Reason.INCOMPATIBLE, "it found no algorithm that both know"),
  BAD_CERTIFICATE(42, Reason.REFUSED_BY_PEER, "it found a fault in our certificate"),
  UNSUPPORTED_CERTIFICATE(43, Reason.REFUSED_BY_PEER, "our certificate was issued for another use"),
  CERTIFICATE_REVOKED(44, Reason.REFUSED_BY_PEER, "our certificate was revoked"),
  CERTIFICATE_EXPIRED(
      45,
      Reason.REFUSED_BY_PEER,
      "by its clock our certificate is not valid now; compare the clocks"),
  CERTIFICATE_UNKNOWN(46, Reason.REFUSED_BY_PEER, "it does not accept our certificate"),
  ILLEGAL_PARAMETER(47, Reason.INCOMPATIBLE, "it could not take what we sent"),
  UNKNOWN_CA(48, Reason.REFUSED_BY_PEER, "do both sides have the same trust roots?"),
  ACCESS_DENIED(49, Reason.REFUSED_BY_PEER, "its policy does not admit us"),
  DECODE_ERROR(50, Reason.INCOMPATIBLE, "it could not read what we sent"),
  DECRYPT_ERROR(51, Reason.REFUSED_BY_PEER, "a signature of ours does not fit our certificate"),
  PROTOCOL_VERSION(70, Reason.INCOMPATIBLE, "it does not speak TLS 1.3"),
  INSUFFICIENT_SECURITY(71, Reason.INCOMPATIBLE, "it wants other algorithms"),
  INTERNAL_ERROR(80, Reason.REFUSED_BY_PEER, "its log should say why"),
  MISSING_EXTENSION(109, Reason.INCOMPATIBLE, "it wants an extension that we do not send"),
  UNRECOGNIZED_NAME(
      112, Reason.INCOMPATIBLE, "it wants to be called by a name, and was dialled by address"),
  CERTIFICATE_REQUIRED(116, Reason.REFUSED_BY_PEER, "it got no certificate of ours"),
  NO_APPLICATION_PROTOCOL(120, Reason.INCOMPATIBLE, "it wants another protocol than podveil/1");

  // BoringSSL numbers the reasons of its errors: a peer's alert is 1000 and the alert's own number.
  private static final Pattern BORINGSSL = Pattern.compile("error:10000([0-9a-f]{3}):");
  private static final int BORINGSSL_ALERTS = 1000;
  private static final Pattern JDK = Pattern.compile("Received fatal alert: ([a-z_]+)");

  private final int number;
  private final Reason reason;
  private final String hint;

  Alert(int number, Reason reason, String hint) {
    this.number = number;
    this.reason = reason;
    this.hint = hint;
  }

  /** The alert that an engine's exception message speaks of. */
  static Optional<Alert> in(String message) {
    Matcher boring = BORINGSSL.matcher(message);
    if (boring.find()) {
      int number = Integer.parseInt(boring.group(1), 16) - BORINGSSL_ALERTS;
      return find(alert -> alert.number == number);
    }
    Matcher jdk = JDK.matcher(message);
    return jdk.find() ? find(alert -> alert.wireName().equals(jdk.group(1))) : Optional.empty();
  }

  HandshakeFailure failure() {
    return new HandshakeFailure(reason, "peer refused us (alert " + wireName() + "): " + hint);
  }

  private String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  private static Optional<Alert> find(Predicate<Alert> wanted) {
    for (Alert alert : values()) {
      if (wanted.test(alert)) {
        return Optional.of(alert);
      }
    }
    return Optional.empty();
  }
}
