package io.podveil.certs.issue;

import io.podveil.certs.issue.Signer.Signing;
import io.podveil.certs.signer.Credential;
import io.podveil.certs.signer.IssuedCertificate;
import io.podveil.certs.signer.LocalSigner;
import io.podveil.certs.signer.Names;
import io.podveil.certs.signer.SignerException;
import io.podveil.certs.signer.SigningRequest;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicReference;

/** The certificate that this server shows, from the signer that it offers to others. */
public final class ServingCredential {
  private final Signer signer;
  private final Names names;
  private final InstantSource clock;
  private final AtomicReference<Credential> inForce;

  /**
   * Gets a first certificate. Blocks.
   *
   * @throws SignerException if there is none to be had
   */
  public ServingCredential(Signer signer, Names names, InstantSource clock) {
    this.signer = signer;
    this.names = names;
    this.clock = clock;
    this.inForce = new AtomicReference<>(issue());
  }

  /** The one in force; a handshake reads it. */
  public Credential get() {
    return inForce.get();
  }

  /**
   * Replaces it once two thirds of its life are over. Blocks. To be called now and then.
   *
   * @throws SignerException if there is none to be had; the old one stays
   */
  public void renewIfDue() {
    if (!clock.instant().isBefore(renewAfter(inForce.get().certificate()))) {
      inForce.set(issue());
    }
  }

  /** When a certificate should be renewed: two thirds into its life. */
  public static Instant renewAfter(IssuedCertificate certificate) {
    Instant begin = certificate.leaf().getNotBefore().toInstant();
    return begin.plus(Duration.between(begin, certificate.notAfter()).multipliedBy(2).dividedBy(3));
  }

  private Credential issue() {
    KeyPair keys = LocalSigner.newKeyPair();
    return switch (signer.sign(SigningRequest.create(keys, names), names)) {
      case Signing.Signed(IssuedCertificate certificate) ->
          new Credential(keys.getPrivate(), certificate);
      case Signing.Refused(String why) ->
          throw new SignerException("no certificate for this server: " + why);
      case Signing.Unavailable(String why) ->
          throw new SignerException("no certificate for this server: " + why);
    };
  }
}
