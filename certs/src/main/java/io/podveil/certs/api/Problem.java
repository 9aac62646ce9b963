package io.podveil.certs.api;

import java.time.Duration;

/** What can go wrong for a caller; the {@code type} of each never changes (RFC 9457). */
enum Problem {
  REQUEST_UNREADABLE(400, "request-unreadable", "The request cannot be read"),
  TOKEN_MISSING(401, "token-missing", "No credentials"),
  TOKEN_INVALID(401, "token-invalid", "The token is not accepted"),
  IDENTITY_NOT_YOURS(403, "identity-not-yours", "The identity is not the pod's"),
  ADDRESS_NOT_YOURS(403, "address-not-yours", "The address is not the pod's"),
  POD_GONE(403, "pod-gone", "The pod is gone"),
  SIGNER_REFUSED(403, "signer-refused", "The signer does not sign this"),
  NOT_FOUND(404, "not-found", "There is nothing here"),
  METHOD_NOT_ALLOWED(405, "method-not-allowed", "This takes POST"),
  BODY_TOO_LARGE(413, "body-too-large", "The body is too large"),
  MEDIA_TYPE(415, "media-type", "The body is not JSON"),
  CSR_UNREADABLE(422, "csr-unreadable", "The CSR cannot be read"),
  CSR_KEY(422, "csr-key", "The CSR's key is of the wrong kind"),
  CSR_IDENTITY(422, "csr-identity", "The CSR does not ask for exactly one identity"),
  CSR_EXTRAS(422, "csr-extras", "The CSR asks for too much"),
  TOO_MANY_REQUESTS(429, "too-many-requests", "Too many requests"),
  INTERNAL(500, "internal", "A bug"),
  SIGNER_UNAVAILABLE(503, "signer-unavailable", "The signer is away"),
  KUBERNETES_UNAVAILABLE(503, "kubernetes-unavailable", "The Kubernetes API is away");

  private final int status;
  private final String slug;
  private final String title;

  Problem(int status, String slug, String title) {
    this.status = status;
    this.slug = slug;
    this.title = title;
  }

  int status() {
    return status;
  }

  String slug() {
    return slug;
  }

  /** The problem document. */
  Reply reply(String detail) {
    return reply(detail, status == 503 ? Duration.ofSeconds(2) : Duration.ZERO);
  }

  /**
   * The problem document.
   *
   * @param retryAfter when it makes sense to ask again; zero where it does not
   */
  Reply reply(String detail, Duration retryAfter) {
    var document =
        Json.object()
            .put("type", "urn:podveil:problem:" + slug)
            .put("title", title)
            .put("status", status)
            .put("detail", detail);
    return new Reply(status, "application/problem+json", Json.text(document), retryAfter, slug);
  }
}
