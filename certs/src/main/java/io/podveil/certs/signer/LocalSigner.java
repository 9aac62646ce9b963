package io.podveil.certs.signer;

import java.math.BigInteger;
import java.net.InetAddress;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * An authority whose private key is in this process. Immutable and safe for any number of threads.
 *
 * <p>It signs what it is told to: whether a caller may have that identity is decided before.
 */
public final class LocalSigner {
  private static final SecureRandom RANDOM = new SecureRandom();
  // Clocks of nodes differ a little; a certificate must not be young for its first reader.
  private static final Duration BACKDATED = Duration.ofMinutes(1);
  private static final Duration ROOT_LIFE = Duration.ofDays(3650);

  private final Authority authority;
  private final InstantSource clock;

  private LocalSigner(Authority authority, InstantSource clock) {
    this.authority = authority;
    this.clock = clock;
  }

  /** Makes a new root with a new key, good for ten years. */
  public static LocalSigner create(String trustDomain, InstantSource clock) {
    KeyPair keys = newKeyPair();
    var profile =
        CertificateProfile.authority(
            SpiffeId.ofTrustDomain(trustDomain), uniqueName("Podveil root"), 1);
    Instant now = clock.instant();
    X509Certificate root =
        new CertificateDraft(profile, newSerial(), now.minus(BACKDATED), now.plus(ROOT_LIFE))
            .selfSign(keys);
    return new LocalSigner(new Authority(List.of(root), keys.getPrivate()), clock);
  }

  /**
   * Takes up an authority that was made before, here or elsewhere.
   *
   * @param certificatePem the signing certificate, then its issuers up to the root
   * @param keyPem its private key, EC or RSA, unencrypted
   * @throws SignerException if it cannot sign, with the reason
   */
  public static LocalSigner load(String certificatePem, String keyPem, InstantSource clock) {
    return new LocalSigner(
        new Authority(
            Pem.readCertificates("the authority's certificate", certificatePem),
            Pem.readPrivateKey("the authority's key", keyPem)),
        clock);
  }

  /** Makes a key that the certificates signed here are meant for: EC P-256. */
  public static KeyPair newKeyPair() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java runtime has EC P-256", e);
    }
  }

  /** Signs for a workload at these addresses. Ends with the authority at the latest. */
  public IssuedCertificate sign(
      PublicKey key, SpiffeId id, Collection<InetAddress> addresses, Duration life) {
    return sign(key, Names.of(id, addresses), life);
  }

  /** Signs for whoever is called so. Ends with the authority at the latest. */
  public IssuedCertificate sign(PublicKey key, Names names, Duration life) {
    checkTrustDomain(names.id());
    checkKey(key);
    CertificateDraft draft = draft(CertificateProfile.leaf(names), life);
    X509Certificate leaf = draft.sign(key, authority.certificate(), authority.key());
    return new IssuedCertificate(
        Stream.concat(Stream.of(leaf), authority.intermediates().stream()).toList(),
        authority.roots());
  }

  /** Makes a key and signs for it at once; for where key and authority may meet. */
  public Credential issue(SpiffeId id, Collection<InetAddress> addresses, Duration life) {
    KeyPair keys = newKeyPair();
    return new Credential(keys.getPrivate(), sign(keys.getPublic(), id, addresses, life));
  }

  /**
   * Makes an authority below this one, so that this one's key is needed rarely. Where a path length
   * forbids it, this is returned.
   */
  public LocalSigner subordinate(Duration life) {
    int pathLength = authority.certificate().getBasicConstraints();
    if (pathLength == 0 || trustDomain().isEmpty()) {
      return this;
    }
    KeyPair keys = newKeyPair();
    var profile =
        CertificateProfile.authority(
            SpiffeId.ofTrustDomain(trustDomain().get()), uniqueName("Podveil intermediate"), 0);
    X509Certificate certificate =
        draft(profile, life).sign(keys.getPublic(), authority.certificate(), authority.key());
    List<X509Certificate> chain =
        Stream.concat(Stream.of(certificate), authority.chain().stream()).toList();
    return new LocalSigner(new Authority(chain, keys.getPrivate()), clock);
  }

  /** The trust domain that the authority is for; one from elsewhere may name none. */
  public Optional<String> trustDomain() {
    return authority.trustDomain();
  }

  public Instant notAfter() {
    return authority.notAfter();
  }

  /** Whom to trust in order to trust this signer. */
  public List<X509Certificate> roots() {
    return authority.roots();
  }

  public String rootsPem() {
    return Pem.ofCertificates(roots());
  }

  /** The signing certificate and its issuers, as {@link #load} takes them. */
  public String certificatePem() {
    return Pem.ofCertificates(authority.chain());
  }

  /** The authority's private key. Whoever has it can be anyone. */
  public String keyPem() {
    return Pem.ofPrivateKey(authority.key());
  }

  @Override
  public String toString() {
    return "LocalSigner[" + authority + "]";
  }

  private CertificateDraft draft(CertificateProfile profile, Duration life) {
    if (!life.isPositive()) {
      throw new IllegalArgumentException(
          "a certificate's life is longer than nothing, not " + life);
    }
    Instant now = clock.instant();
    Instant end = authority.notAfter();
    if (!now.isBefore(end)) {
      throw new SignerException(
          "the authority expired at %s; make a new one and distribute its root".formatted(end));
    }
    // Compared as durations: now + life may be beyond what an Instant can hold.
    Instant notAfter = life.compareTo(Duration.between(now, end)) < 0 ? now.plus(life) : end;
    return new CertificateDraft(profile, newSerial(), now.minus(BACKDATED), notAfter);
  }

  private void checkTrustDomain(SpiffeId id) {
    String own = trustDomain().orElse(id.trustDomain());
    if (!own.equals(id.trustDomain())) {
      throw new SignerException("%s is not in the authority's trust domain, %s".formatted(id, own));
    }
  }

  private static void checkKey(PublicKey key) {
    if (key instanceof ECPublicKey ec) {
      int bits = ec.getParams().getOrder().bitLength();
      if (bits == 256 || bits == 384) {
        return;
      }
    }
    throw new IllegalArgumentException("a certificate's key is EC P-256 or P-384");
  }

  private static BigInteger newSerial() {
    return new BigInteger(128, RANDOM);
  }

  private static String uniqueName(String prefix) {
    var bytes = new byte[4];
    RANDOM.nextBytes(bytes);
    return prefix + " " + HexFormat.of().formatHex(bytes);
  }
}
