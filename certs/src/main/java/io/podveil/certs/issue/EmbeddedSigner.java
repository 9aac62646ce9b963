package io.podveil.certs.issue;

import io.podveil.certs.signer.Authorities;
import io.podveil.certs.signer.IssuedCertificate;
import io.podveil.certs.signer.LocalSigner;
import io.podveil.certs.signer.Names;
import io.podveil.certs.signer.SignerException;
import io.podveil.certs.signer.SigningRequest;
import io.podveil.certs.signer.TrustRoots;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;

/**
 * An authority of our own. Leaves are signed by an intermediate that lives in this process alone
 * and is made anew when the authority changes or half of its life is over.
 */
public final class EmbeddedSigner implements Signer {
  // Four times the longest life of a leaf, so that a leaf is never cut short by it.
  private static final Duration INTERMEDIATE_LIFE = Duration.ofDays(28);

  private final Supplier<Authorities> authorities;
  private final Duration life;
  private final InstantSource clock;
  private final AtomicReference<Intermediate> intermediate;

  private record Intermediate(LocalSigner below, LocalSigner signer, Instant renew) {}

  /**
   * @param authorities read for every certificate: what it says now is in force
   * @param life of a leaf
   */
  public EmbeddedSigner(Supplier<Authorities> authorities, Duration life, InstantSource clock) {
    this.authorities = authorities;
    this.life = life;
    this.clock = clock;
    this.intermediate = new AtomicReference<>(make(authorities.get().signing()));
  }

  @Override
  public Signing sign(SigningRequest request, Names names) {
    try {
      IssuedCertificate issued = current().sign(request.key(), names, life);
      return new Signing.Signed(new IssuedCertificate(issued.chain(), roots().certificates()));
    } catch (SignerException e) {
      return new Signing.Unavailable(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public TrustRoots roots() {
    return authorities.get().roots();
  }

  private LocalSigner current() {
    LocalSigner signing = authorities.get().signing();
    return intermediate.updateAndGet(held ->
            held.below == signing && clock.instant().isBefore(held.renew) ? held : make(signing))
        .signer;
  }

  private Intermediate make(LocalSigner signing) {
    return new Intermediate(
        signing,
        signing.subordinate(INTERMEDIATE_LIFE),
        clock.instant().plus(INTERMEDIATE_LIFE.dividedBy(2)));
  }
}
