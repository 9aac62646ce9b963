package io.podveil.sidecar.identity;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Set;

/**
 * A wish for a certificate: a fresh P-256 key that never leaves this process, and the names that
 * its certificate should have.
 *
 * @param addresses where we live
 */
public record SigningRequest(KeyPair keys, SpiffeId id, Set<InetAddress> addresses) {

  private static final byte[] VERSION_1 = {Der.INTEGER, 1, 0};
  private static final byte[] TRUE = {Der.BOOLEAN, 1, (byte) 0xff};
  private static final byte[] NO_SUBJECT = Der.element(Der.SEQUENCE);
  private static final byte[] EXTENSION_REQUEST = Der.objectIdentifier(1, 2, 840, 113549, 1, 9, 14);
  private static final byte[] SUBJECT_ALTERNATIVE_NAME = Der.objectIdentifier(2, 5, 29, 17);
  private static final byte[] ECDSA_WITH_SHA256 =
      Der.element(Der.SEQUENCE, Der.objectIdentifier(1, 2, 840, 10045, 4, 3, 2));
  // Context-specific tags: the attributes of a request, and the two kinds of names.
  private static final int ATTRIBUTES = 0xa0;
  private static final int URI_NAME = 0x86;
  private static final int IP_NAME = 0x87;
  private static final byte[] NO_UNUSED_BITS = {0};

  /** Takes a copy of the set. */
  public SigningRequest {
    addresses = Set.copyOf(addresses);
  }

  /** A request with a fresh key. */
  public static SigningRequest create(SpiffeId id, Set<InetAddress> addresses) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      return new SigningRequest(generator.generateKeyPair(), id, addresses);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK makes P-256 keys", e);
    }
  }

  /** The request as PKCS #10 (RFC 2986) in PEM, signed with its key. */
  public String pem() {
    byte[] info =
        Der.element(
            Der.SEQUENCE, VERSION_1, NO_SUBJECT, keys.getPublic().getEncoded(), attributes());
    byte[] request =
        Der.element(
            Der.SEQUENCE,
            info,
            ECDSA_WITH_SHA256,
            Der.element(Der.BIT_STRING, NO_UNUSED_BITS, sign(info)));
    return "-----BEGIN CERTIFICATE REQUEST-----\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(request)
        + "\n-----END CERTIFICATE REQUEST-----\n";
  }

  /** One attribute, which asks for one extension: the names. Critical, for there is no subject. */
  private byte[] attributes() {
    List<byte[]> names = new ArrayList<>();
    names.add(Der.element(URI_NAME, id.toString().getBytes(StandardCharsets.US_ASCII)));
    addresses.stream()
        .map(InetAddress::getAddress)
        .sorted(Comparator.<byte[]>comparingInt(a -> a.length).thenComparing(Arrays::compare))
        .forEach(address -> names.add(Der.element(IP_NAME, address)));
    byte[] extension =
        Der.element(
            Der.SEQUENCE,
            SUBJECT_ALTERNATIVE_NAME,
            TRUE,
            Der.element(Der.OCTET_STRING, Der.element(Der.SEQUENCE, names.toArray(byte[][]::new))));
    return Der.element(
        ATTRIBUTES,
        Der.element(
            Der.SEQUENCE,
            EXTENSION_REQUEST,
            Der.element(Der.SET, Der.element(Der.SEQUENCE, extension))));
  }

  private byte[] sign(byte[] info) {
    try {
      Signature signature = Signature.getInstance("SHA256withECDSA");
      signature.initSign(keys.getPrivate());
      signature.update(info);
      return signature.sign();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK signs with ECDSA", e);
    }
  }

  /** Names the wish, and never shows the key. */
  @Override
  public String toString() {
    return "request for " + id;
  }
}
