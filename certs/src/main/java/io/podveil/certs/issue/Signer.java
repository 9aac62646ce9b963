package io.podveil.certs.issue;

import io.podveil.certs.signer.IssuedCertificate;
import io.podveil.certs.signer.Names;
import io.podveil.certs.signer.SigningRequest;
import io.podveil.certs.signer.TrustRoots;

/** Who signs. What may be signed was decided before. */
public sealed interface Signer permits EmbeddedSigner, CertManagerSigner {

  /** Signs the request's key for these names. May block. */
  Signing sign(SigningRequest request, Names names);

  /** Whom to trust: all roots that a certificate in use may lead to. */
  TrustRoots roots();

  /** What came of it. */
  sealed interface Signing {
    /** A certificate, checked against what was asked for. */
    record Signed(IssuedCertificate certificate) implements Signing {}

    /** This request will not be signed, now or later. */
    record Refused(String why) implements Signing {}

    /** It may be signed another time. */
    record Unavailable(String why) implements Signing {}
  }
}
