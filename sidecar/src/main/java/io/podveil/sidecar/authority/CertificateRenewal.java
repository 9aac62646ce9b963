package io.podveil.sidecar.authority;

import io.podveil.sidecar.authority.Enrollment.Outcome;
import io.podveil.sidecar.identity.Identity;
import io.podveil.sidecar.identity.IdentityException;
import io.podveil.sidecar.identity.MountedFile;
import io.podveil.sidecar.identity.TrustBundle;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Gets the first identity, and then the next ones in time. What fails is said and tried again; the
 * identity before stays in force. Trust roots come with each certificate, and from the mounted file
 * whenever that changes: what came last is the newest.
 */
public final class CertificateRenewal {
  private static final Duration INTERVAL = Duration.ofSeconds(1);
  private static final Duration FIRST_INTERVAL = Duration.ofMillis(50);

  private final Supplier<Outcome> attempts;
  private final Path roots;
  private final InstantSource clock;
  private final DoubleSupplier random;
  private final Consumer<String> warnings;
  private @Nullable Identity inForce;
  private Instant due = Instant.MIN;
  private int failures;
  private byte[] rootsSeen = {};

  /**
   * Does nothing yet.
   *
   * @param attempts {@link Enrollment#attempt}
   * @param roots the trust roots' file, which is looked at every second
   * @param random from 0 to 1
   * @param warnings told of each failure, in one line
   */
  public CertificateRenewal(
      Supplier<Outcome> attempts,
      Path roots,
      InstantSource clock,
      DoubleSupplier random,
      Consumer<String> warnings) {
    this.attempts = attempts;
    this.roots = roots;
    this.clock = clock;
    this.random = random;
    this.warnings = warnings;
  }

  /**
   * Tries until there is an identity. Blocks.
   *
   * @throws IdentityException when it was interrupted instead
   */
  public Identity first() {
    try {
      while (inForce == null) {
        tick(identity -> {});
        if (inForce == null) {
          Thread.sleep(FIRST_INTERVAL);
        }
      }
      return inForce;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IdentityException("stopped before there was a certificate", e);
    }
  }

  /** Goes on in the background for as long as the process lives, after {@link #first}. */
  public void goOn(Consumer<Identity> use) {
    Thread.ofVirtual()
        .name("certificate-renewal")
        .start(() -> {
          try {
            while (true) {
              Thread.sleep(INTERVAL);
              tick(use);
            }
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }

  /** Does what is due now. */
  void tick(Consumer<Identity> use) {
    try {
      if (inForce != null) {
        lookAtRoots(inForce, use);
      }
      if (!clock.instant().isBefore(due)) {
        renew(use);
      }
    } catch (RuntimeException e) {
      // A bug, or an engine that can't use what we got; no reason to give up for ever.
      failed("certificate not renewed: " + e, Duration.ZERO);
    }
  }

  private void renew(Consumer<Identity> use) {
    switch (attempts.get()) {
      case Outcome.Enrolled(Identity identity, Instant renewAfter) -> {
        use.accept(identity);
        inForce = identity;
        failures = 0;
        due = RenewalTimes.renewAt(identity.credential(), renewAfter, random.getAsDouble());
        rootsSeen = rootsNow();
      }
      case Outcome.Failed(String why, Duration retryAfter) ->
          failed("no certificate: " + why, retryAfter);
    }
  }

  private void failed(String why, Duration retryAfter) {
    failures++;
    Instant now = clock.instant();
    Duration left =
        inForce == null ? Duration.ZERO : Duration.between(now, inForce.credential().notAfter());
    Duration pause = RenewalTimes.pause(failures, left, retryAfter, random.getAsDouble());
    due = now.plus(pause);
    warnings.accept(
        why
            + "; next attempt in "
            + Math.max(1, pause.toSeconds())
            + " s"
            + (left.isPositive() ? ", the one before stays in force: " + credential() : ""));
  }

  /** Contents, not events: a mounted volume is swapped by a symlink. */
  private void lookAtRoots(Identity current, Consumer<Identity> use) {
    byte[] now = rootsNow();
    if (Arrays.equals(now, rootsSeen)) {
      return;
    }
    rootsSeen = now;
    try {
      Identity next = new Identity(current.credential(), TrustBundle.parse(now));
      if (!next.equals(current)) {
        use.accept(next);
        inForce = next;
      }
    } catch (IdentityException e) {
      warnings.accept(roots + ": " + e.getMessage() + "; the roots before stay in force");
      // Where it is our certificate that the new roots don't vouch for, another one will help.
      due = clock.instant();
    }
  }

  /** Nothing where it can't be read: the next look tells. */
  private byte[] rootsNow() {
    try {
      return MountedFile.read(roots);
    } catch (IdentityException e) {
      return new byte[0];
    }
  }

  private String credential() {
    return inForce == null ? "none" : inForce.credential().toString();
  }
}
