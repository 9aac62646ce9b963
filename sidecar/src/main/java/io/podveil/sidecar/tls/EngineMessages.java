package io.podveil.sidecar.tls;

import io.podveil.sidecar.tls.HandshakeFailure.Reason;
import java.util.List;
import java.util.Optional;

/**
 * What the two engines say of their own failures. They give no types, only texts, so the texts are
 * gathered here; one that is not known is passed on as it is.
 */
final class EngineMessages {

  private record Known(String text, Reason reason) {}

  private static final List<Known> KNOWN =
      List.of(
          new Known("PEER_DID_NOT_RETURN_A_CERTIFICATE", Reason.NO_CERTIFICATE),
          new Known("Empty client certificate chain", Reason.NO_CERTIFICATE),
          new Known("EXCESSIVE_MESSAGE_SIZE", Reason.TOO_LARGE),
          new Known("exceeds the maximum allowed size", Reason.TOO_LARGE),
          new Known("UNSUPPORTED_PROTOCOL", Reason.INCOMPATIBLE),
          new Known("UNEXPECTED_MESSAGE", Reason.INCOMPATIBLE),
          new Known("(unexpected_message)", Reason.INCOMPATIBLE),
          new Known("(protocol_version)", Reason.INCOMPATIBLE),
          new Known("(handshake_failure)", Reason.INCOMPATIBLE),
          new Known("NO_SHARED_CIPHER", Reason.INCOMPATIBLE),
          new Known("NO_SHARED_GROUP", Reason.INCOMPATIBLE),
          new Known("NO_COMMON_SIGNATURE_ALGORITHMS", Reason.INCOMPATIBLE),
          new Known("WRONG_VERSION_NUMBER", Reason.NOT_TLS),
          new Known("HTTP_REQUEST", Reason.NOT_TLS),
          new Known("Connection closed while SSL/TLS handshake was in progress", Reason.CLOSED),
          new Known("closed already", Reason.CLOSED));

  private EngineMessages() {}

  static Optional<HandshakeFailure> explain(String message, Role ours) {
    return KNOWN.stream()
        .filter(known -> message.contains(known.text))
        .findFirst()
        .map(known -> explain(known.reason, ours));
  }

  private static HandshakeFailure explain(Reason reason, Role ours) {
    return switch (reason) {
      case NOT_TLS -> HandshakeFailure.notTls(ours);
      case CLOSED -> HandshakeFailure.closed(ours);
      case NO_CERTIFICATE ->
          new HandshakeFailure(reason, "client presented no certificate; is it meshed?");
      case TOO_LARGE ->
          new HandshakeFailure(reason, "peer's certificate is too large to be honest");
      default ->
          new HandshakeFailure(reason, "no common ground with the peer; does it speak TLS 1.3?");
    };
  }
}
