package io.podveil.sidecar.identity;

import java.net.InetAddress;
import java.security.GeneralSecurityException;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Our own certificate chain, leaf first, and the private key of its leaf: proven to belong
 * together, and to be an SVID. That it is valid at the moment is not part of it; see {@link
 * #isValidAt}.
 */
public final class Credential {

  private final List<X509Certificate> chain;
  private final PrivateKey key;
  private final Svid svid;

  private Credential(List<X509Certificate> chain, PrivateKey key, Svid svid) {
    this.chain = List.copyOf(chain);
    this.key = key;
    this.svid = svid;
  }

  /**
   * The JDK computes tables for P-256 when it first needs them, in a tenth of a second: whoever has
   * something else to do meanwhile calls this on another thread.
   */
  public static void prepare() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has P-256", e);
    }
  }

  /**
   * A credential from PEM texts.
   *
   * @param chain the certificate, then its intermediates
   * @param key the certificate's private key
   * @throws IdentityException with the reason, if they are not what they should be
   */
  public static Credential parse(byte[] chain, byte[] key) {
    List<X509Certificate> certificates = parseChain(chain);
    return withKey(certificates, key);
  }

  static List<X509Certificate> parseChain(byte[] pem) {
    List<X509Certificate> certificates = Pem.certificates(pem);
    if (certificates.isEmpty()) {
      throw new IdentityException("it holds no certificate in PEM form");
    }
    String algorithm = certificates.getFirst().getPublicKey().getAlgorithm();
    if (!algorithm.equals("EC") && !algorithm.equals("RSA")) {
      throw new IdentityException(
          "its certificate has a key of type " + Quoted.of(algorithm) + "; issue it for EC P-256");
    }
    svidOf(certificates);
    return certificates;
  }

  static Credential withKey(List<X509Certificate> chain, byte[] keyPem) {
    PrivateKey key = PrivateKeys.parse(keyPem, chain.getFirst().getPublicKey());
    return new Credential(chain, key, svidOf(chain));
  }

  /**
   * A credential from the certificate that an authority issued upon a request.
   *
   * @param chain the certificate, then its intermediates, in PEM
   * @throws IdentityException if it is not what was asked for, with the reason
   */
  public static Credential issued(byte[] chain, SigningRequest request) {
    List<X509Certificate> certificates = parseChain(chain);
    if (!certificates.getFirst().getPublicKey().equals(request.keys().getPublic())) {
      throw new IdentityException("its certificate is for another key than ours");
    }
    Credential credential =
        new Credential(certificates, request.keys().getPrivate(), svidOf(certificates));
    if (!credential.id().equals(request.id())) {
      throw new IdentityException(
          "its certificate is for " + credential.id() + ", and we are " + request.id());
    }
    if (!credential.addresses().containsAll(request.addresses())) {
      throw new IdentityException(
          "its certificate names the addresses %s, and we live at %s"
              .formatted(texts(credential.addresses()), texts(request.addresses())));
    }
    return credential;
  }

  private static List<String> texts(Set<InetAddress> addresses) {
    return addresses.stream().map(InetAddress::getHostAddress).sorted().toList();
  }

  private static Svid svidOf(List<X509Certificate> chain) {
    try {
      return Svid.of(chain);
    } catch (FlawedCertificateException e) {
      throw new IdentityException("its certificate is no X.509-SVID: " + e.getMessage(), e);
    }
  }

  public SpiffeId id() {
    return svid.id();
  }

  /** The addresses that peers will accept this credential for. */
  public Set<InetAddress> addresses() {
    return svid.addresses();
  }

  public Instant notBefore() {
    return svid.notBefore();
  }

  public Instant notAfter() {
    return svid.notAfter();
  }

  public boolean isValidAt(Instant time) {
    return svid.isValidAt(time);
  }

  /** The certificate, then its intermediates. */
  public List<X509Certificate> chain() {
    return chain;
  }

  public PrivateKey key() {
    return key;
  }

  /** The certificate tells two credentials apart: it has but one key. */
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Credential credential && chain.equals(credential.chain);
  }

  @Override
  public int hashCode() {
    return chain.hashCode();
  }

  /** Names the holder, and never shows the key. */
  @Override
  public String toString() {
    return svid.id() + " until " + svid.notAfter();
  }
}
