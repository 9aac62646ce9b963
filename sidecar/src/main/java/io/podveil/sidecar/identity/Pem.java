package io.podveil.sidecar.identity;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One block of a PEM text (RFC 7468); what stands between the blocks is a comment and ignored. */
final class Pem {

  private static final String BEGIN = "-----BEGIN ";
  private static final String END = "-----END ";
  private static final String DASHES = "-----";

  private final String label;
  private final byte[] der;

  private Pem(String label, byte[] der) {
    this.label = label;
    this.der = der;
  }

  String label() {
    return label;
  }

  byte[] der() {
    return der;
  }

  /**
   * All blocks of a text, in order.
   *
   * @throws IdentityException if a block doesn't end, or holds anything but base64
   */
  static List<Pem> blocks(byte[] text) {
    List<Pem> blocks = new ArrayList<>();
    @Nullable String label = null;
    StringBuilder base64 = new StringBuilder();
    for (String raw : new String(text, StandardCharsets.ISO_8859_1).lines().toList()) {
      String line = raw.strip();
      String end = labelOf(line, END);
      if (label == null) {
        label = labelOf(line, BEGIN);
      } else if (end == null) {
        base64.append(line);
      } else if (end.equals(label)) {
        blocks.add(new Pem(label, decode(label, base64.toString())));
        label = null;
        base64.setLength(0);
      } else {
        throw new IdentityException("PEM block " + Quoted.of(label) + " ends as another one");
      }
    }
    if (label != null) {
      throw new IdentityException(
          "PEM block " + Quoted.of(label) + " has no end; is the file written completely?");
    }
    return blocks;
  }

  /** The certificates of a text, in order; blocks of other kinds are not looked at. */
  static List<X509Certificate> certificates(byte[] text) {
    List<X509Certificate> certificates = new ArrayList<>();
    for (Pem block : blocks(text)) {
      if (block.label.equals("CERTIFICATE")) {
        certificates.add(certificate(block.der));
      }
    }
    return certificates;
  }

  private static X509Certificate certificate(byte[] der) {
    try {
      return (X509Certificate)
          CertificateFactory.getInstance("X.509")
              .generateCertificate(new ByteArrayInputStream(der));
    } catch (CertificateException e) {
      throw new IdentityException("a PEM block says CERTIFICATE, and holds none", e);
    }
  }

  private static @Nullable String labelOf(String line, String prefix) {
    return line.startsWith(prefix) && line.endsWith(DASHES)
        ? line.substring(
            prefix.length(), Math.max(prefix.length(), line.length() - DASHES.length()))
        : null;
  }

  private static byte[] decode(String label, String base64) {
    try {
      return Base64.getDecoder().decode(base64);
    } catch (IllegalArgumentException e) {
      throw new IdentityException("PEM block " + Quoted.of(label) + " is not base64");
    }
  }
}
