package io.podveil.certs.issue;

import io.fabric8.certmanager.api.model.v1.CertificateRequest;
import io.fabric8.certmanager.api.model.v1.CertificateRequestCondition;
import io.fabric8.certmanager.api.model.v1.CertificateRequestStatus;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Where a CertificateRequest stands, read from its conditions. */
sealed interface RequestState {
  /** Nobody decided yet. */
  record Pending(String why) implements RequestState {}

  /** The approver says no. */
  record Denied(String why) implements RequestState {}

  /** The issuer could not, or someone deleted the request. */
  record Failed(String why) implements RequestState {}

  /** Done; chain and CA as PEM. */
  record Issued(String chain, Optional<String> ca) implements RequestState {}

  /** Reads it. */
  static RequestState of(@Nullable CertificateRequest request) {
    if (request == null) {
      return new Failed("the request was deleted by someone else");
    }
    CertificateRequestStatus status =
        Objects.requireNonNullElseGet(request.getStatus(), CertificateRequestStatus::new);
    List<CertificateRequestCondition> conditions =
        Objects.requireNonNullElse(status.getConditions(), List.of());
    Optional<String> denied = message(conditions, "Denied", "True", "");
    if (denied.isPresent()) {
      return new Denied(denied.get());
    }
    Optional<String> failed =
        message(conditions, "InvalidRequest", "True", "")
            .or(() -> message(conditions, "Ready", "False", "Failed"));
    if (failed.isPresent()) {
      return new Failed(failed.get());
    }
    boolean ready = message(conditions, "Ready", "True", "").isPresent();
    String chain = decoded(status.getCertificate());
    if (ready && !chain.isEmpty()) {
      return new Issued(chain, Optional.of(decoded(status.getCa())).filter(ca -> !ca.isEmpty()));
    }
    return new Pending(
        message(conditions, "Ready", "False", "").orElse("cert-manager has not looked at it yet"));
  }

  private static Optional<String> message(
      List<CertificateRequestCondition> conditions, String type, String status, String reason) {
    return conditions.stream()
        .filter(condition -> type.equals(condition.getType()))
        .filter(condition -> status.equals(condition.getStatus()))
        .filter(condition -> reason.isEmpty() || reason.equals(condition.getReason()))
        .map(condition -> Objects.requireNonNullElse(condition.getMessage(), ""))
        .findFirst();
  }

  private static String decoded(@Nullable String base64) {
    return base64 == null
        ? ""
        : new String(Base64.getMimeDecoder().decode(base64), StandardCharsets.ISO_8859_1);
  }
}
