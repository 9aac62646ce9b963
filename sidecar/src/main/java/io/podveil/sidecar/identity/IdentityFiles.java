package io.podveil.sidecar.identity;

import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * An identity in three PEM files, as cert-manager, SPIFFE helpers and {@code podveil-certs issue}
 * write them.
 *
 * @param certificate our chain, leaf first
 * @param key the leaf's private key
 * @param roots the trust roots
 * @param trustDomain the trust domain that we must be of
 */
public record IdentityFiles(Path certificate, Path key, Path roots, String trustDomain) {

  private static final Duration INTERVAL = Duration.ofSeconds(1);

  /**
   * Reads the files once.
   *
   * @throws IdentityException if they can't be used: which file, the cause, what to do
   */
  public Identity load() {
    return parse(read());
  }

  /**
   * Looks at the files every second, and hands over each new identity that they hold. One that
   * can't be used is refused with one warning, and what was handed over before stays in force.
   *
   * @param inForce what {@link #load} returned
   * @param use takes a new identity; may throw to refuse it
   */
  public IdentityWatch watch(
      Identity inForce, InstantSource clock, Consumer<Identity> use, Consumer<String> warnings) {
    return new IdentityWatch(this, inForce, clock, INTERVAL, use, warnings).start();
  }

  /** The contents of the three files, for {@link #parse}. */
  List<byte[]> read() {
    return Stream.of(certificate, key, roots).map(MountedFile::read).toList();
  }

  Identity parse(List<byte[]> contents) {
    byte[] certificatePem = contents.get(0);
    byte[] keyPem = contents.get(1);
    byte[] rootsPem = contents.get(2);
    TrustBundle bundle = naming(roots, () -> TrustBundle.parse(rootsPem));
    List<X509Certificate> chain = naming(certificate, () -> Credential.parseChain(certificatePem));
    Credential credential = naming(key, () -> Credential.withKey(chain, keyPem));
    if (!credential.id().trustDomain().equals(trustDomain)) {
      throw new IdentityException(
          certificate + ": is " + credential.id() + ", not of the trust domain " + trustDomain);
    }
    return naming(certificate, () -> new Identity(credential, bundle));
  }

  private static <T> T naming(Path file, Supplier<T> parser) {
    try {
      return parser.get();
    } catch (IdentityException e) {
      throw new IdentityException(file + ": " + e.getMessage(), e);
    }
  }
}
