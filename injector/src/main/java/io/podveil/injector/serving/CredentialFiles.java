package io.podveil.injector.serving;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;

/** A credential in two PEM files that somebody else renews, cert-manager for example. */
public final class CredentialFiles {
  private final Path cert;
  private final Path key;
  private final InstantSource clock;
  private Content seen = new Content("", "");

  private record Content(String cert, String key) {}

  public CredentialFiles(Path cert, Path key, InstantSource clock) {
    this.cert = cert;
    this.key = key;
    this.clock = clock;
  }

  /** What the files hold, if that is not what they held when this was last asked. */
  public Optional<Credential> readIfChanged() throws UnusableException {
    Content now = content();
    if (now.equals(seen)) {
      return Optional.empty();
    }
    seen = now;
    return Optional.of(parse(now));
  }

  private Content content() throws UnusableException {
    try {
      return new Content(
          Files.readString(cert, StandardCharsets.ISO_8859_1),
          Files.readString(key, StandardCharsets.ISO_8859_1));
    } catch (IOException e) {
      throw new UnusableException(
          "cannot read %s: is it mounted, and readable?".formatted(e.getMessage()), e);
    }
  }

  private Credential parse(Content content) throws UnusableException {
    List<X509Certificate> chain = certificates(content.cert());
    PrivateKey privateKey = privateKey(content.key());
    if (chain.isEmpty()) {
      throw new UnusableException(cert + " holds no certificate", null);
    }
    Credential credential = new Credential(chain, privateKey);
    if (credential.notAfter().isBefore(clock.instant())) {
      throw new UnusableException(
          "%s expired at %s: does whoever renews it run?".formatted(cert, credential.notAfter()),
          null);
    }
    if (!belongTogether(credential)) {
      // Also what is seen when one file was written and the other is about to be.
      throw new UnusableException("%s is not the key of %s".formatted(key, cert), null);
    }
    return credential;
  }

  private List<X509Certificate> certificates(String pem) throws UnusableException {
    try {
      return CertificateFactory.getInstance("X.509")
          .generateCertificates(new ByteArrayInputStream(pem.getBytes(StandardCharsets.ISO_8859_1)))
          .stream()
          .map(X509Certificate.class::cast)
          .toList();
    } catch (CertificateException e) {
      throw new UnusableException(cert + " holds something else than PEM certificates", e);
    }
  }

  private PrivateKey privateKey(String pem) throws UnusableException {
    try (PEMParser parser = new PEMParser(new StringReader(pem))) {
      for (Object found = parser.readObject(); found != null; found = parser.readObject()) {
        if (found instanceof PrivateKeyInfo info) {
          return privateKey(info);
        }
        if (found instanceof PEMKeyPair pair) {
          return privateKey(pair.getPrivateKeyInfo());
        }
      }
    } catch (IOException | GeneralSecurityException | RuntimeException e) {
      // The cause stays out: a parser's message may quote what it read, and that is a key.
      throw new UnusableException(key + " holds no readable private key in PEM, RSA or EC", null);
    }
    throw new UnusableException(key + " holds no unencrypted private key", null);
  }

  // BouncyCastle's own converter asks for "ECDSA", which only its own provider knows.
  private static PrivateKey privateKey(PrivateKeyInfo info)
      throws IOException, GeneralSecurityException {
    boolean rsa =
        info.getPrivateKeyAlgorithm().getAlgorithm().equals(PKCSObjectIdentifiers.rsaEncryption);
    return KeyFactory.getInstance(rsa ? "RSA" : "EC")
        .generatePrivate(new PKCS8EncodedKeySpec(info.getEncoded()));
  }

  private static boolean belongTogether(Credential credential) {
    String algorithm =
        credential.key().getAlgorithm().equals("RSA") ? "SHA256withRSA" : "SHA256withECDSA";
    try {
      Signature signature = Signature.getInstance(algorithm);
      signature.initSign(credential.key());
      signature.update(new byte[32]);
      byte[] signed = signature.sign();
      signature.initVerify(credential.leaf().getPublicKey());
      signature.update(new byte[32]);
      return signature.verify(signed);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }
}
