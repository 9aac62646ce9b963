package io.podveil.certs.issue;

/** Why a caller got no certificate. */
public enum Refusal {
  /** The token's pod is no more. */
  POD_GONE,
  /** The request asks for an identity that is not the pod's. */
  IDENTITY_NOT_YOURS,
  /** The request asks for an address that is not the pod's. */
  ADDRESS_NOT_YOURS,
  /** The request cannot be read, or its signature is wrong. */
  CSR_UNREADABLE,
  /** The request's key is of another kind. */
  CSR_KEY,
  /** The request does not ask for exactly one identity. */
  CSR_IDENTITY,
  /** The request asks for more than an identity and addresses. */
  CSR_EXTRAS,
  /** The signer looked at the request and does not sign it. */
  SIGNER_REFUSED,
  /** The signer is away, or too slow. */
  SIGNER_UNAVAILABLE,
  /** The API server is away. */
  KUBERNETES_UNAVAILABLE
}
