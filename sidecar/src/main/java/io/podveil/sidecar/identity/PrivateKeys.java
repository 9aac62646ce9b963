package io.podveil.sidecar.identity;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.List;

/**
 * Private keys in the three forms that tools write: PKCS #8, and the older ones of OpenSSL and
 * cert-manager, SEC 1 ({@code EC PRIVATE KEY}) and PKCS #1 ({@code RSA PRIVATE KEY}). The older
 * forms are PKCS #8 without its envelope, and the envelope names the algorithm just as the
 * certificate's public key does.
 */
final class PrivateKeys {

  private static final byte[] VERSION_0 = {0x02, 0x01, 0x00};

  private PrivateKeys() {}

  /**
   * The one private key of a PEM text, which must be the one that belongs to the public key.
   *
   * @throws IdentityException if there is none, more than one, or another one
   */
  static PrivateKey parse(byte[] text, PublicKey publicKey) {
    List<Pem> keys =
        Pem.blocks(text).stream().filter(pem -> pem.label().endsWith("PRIVATE KEY")).toList();
    if (keys.size() != 1) {
      throw new IdentityException("it holds " + keys.size() + " private keys, not one");
    }
    Pem pem = keys.getFirst();
    byte[] pkcs8 =
        switch (pem.label()) {
          case "PRIVATE KEY" -> pem.der();
          case "EC PRIVATE KEY", "RSA PRIVATE KEY" -> envelope(pem.der(), publicKey);
          default ->
              throw new IdentityException(
                  "it holds a " + Quoted.of(pem.label()) + "; write it as 'openssl pkey' does");
        };
    PrivateKey key;
    try {
      key =
          KeyFactory.getInstance(publicKey.getAlgorithm())
              .generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
    } catch (GeneralSecurityException | RuntimeException e) {
      // Not as the cause: it is no bug of ours, and its text may quote the key.
      throw new IdentityException(
          "its key is no " + publicKey.getAlgorithm() + " key, as the certificate's is");
    }
    if (!belongTogether(key, publicKey)) {
      throw new IdentityException("its key is not the one that the certificate was issued for");
    }
    return key;
  }

  private static boolean belongTogether(PrivateKey key, PublicKey publicKey) {
    try {
      String algorithm = publicKey.getAlgorithm().equals("EC") ? "ECDSA" : publicKey.getAlgorithm();
      Signature signature = Signature.getInstance("SHA256with" + algorithm);
      signature.initSign(key);
      byte[] signed = signature.sign();
      signature.initVerify(publicKey);
      return signature.verify(signed);
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  private static byte[] envelope(byte[] key, PublicKey publicKey) {
    return Der.element(
        Der.SEQUENCE, VERSION_0, algorithmOf(publicKey), Der.element(Der.OCTET_STRING, key));
  }

  /**
   * The first element of the SubjectPublicKeyInfo sequence; the JDK wrote it, so it is well formed.
   */
  private static byte[] algorithmOf(PublicKey publicKey) {
    byte[] info = publicKey.getEncoded();
    int start = headerLength(info, 0);
    int length = info[start + 1] & 0xff;
    return Arrays.copyOfRange(info, start, start + headerLength(info, start) + length);
  }

  /** Tag and length octets; the length has more than one when the first is above 127. */
  private static int headerLength(byte[] der, int at) {
    int first = der[at + 1] & 0xff;
    return first < 0x80 ? 2 : 2 + (first & 0x7f);
  }
}
