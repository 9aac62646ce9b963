package io.podveil.certs.signer;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.List;
import java.util.stream.Collectors;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;

/** Keys and certificates as text and back. */
final class Pem {
  private static final Base64.Encoder LINES =
      Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII));

  private Pem() {}

  static String ofCertificates(List<X509Certificate> certificates) {
    return certificates.stream().map(Pem::ofCertificate).collect(Collectors.joining());
  }

  static String ofPrivateKey(PrivateKey key) {
    return block("PRIVATE KEY", key.getEncoded());
  }

  /** Reads one certificate or more; {@code name} says in the error where the text came from. */
  static List<X509Certificate> readCertificates(String name, String pem) {
    try {
      // Certificates may carry text around them (openssl x509 -text writes it), so no stricter.
      var input = new ByteArrayInputStream(pem.getBytes(StandardCharsets.UTF_8));
      List<X509Certificate> certificates =
          CertificateFactory.getInstance("X.509").generateCertificates(input).stream()
              .map(Pem::asX509)
              .toList();
      if (!certificates.isEmpty()) {
        return certificates;
      }
    } catch (CertificateException e) {
      throw new SignerException(name + " holds no readable certificate; PEM is expected", e);
    }
    throw new SignerException(name + " holds no certificate; PEM is expected");
  }

  /** Reads a private key, as PKCS#8 or as openssl writes EC and RSA keys. */
  static PrivateKey readPrivateKey(String name, String pem) {
    try (var parser = new PEMParser(new StringReader(pem))) {
      for (Object found = parser.readObject(); found != null; found = parser.readObject()) {
        if (found instanceof PrivateKeyInfo info) {
          return new JcaPEMKeyConverter().getPrivateKey(info);
        }
        if (found instanceof PEMKeyPair pair) {
          return new JcaPEMKeyConverter().getPrivateKey(pair.getPrivateKeyInfo());
        }
      }
    } catch (IOException | RuntimeException e) {
      // Without the cause: a parser's message may quote what it could not read.
      throw unreadableKey(name);
    }
    throw unreadableKey(name);
  }

  private static SignerException unreadableKey(String name) {
    return new SignerException(
        name + " holds no readable private key; unencrypted PKCS#8 in PEM is expected");
  }

  private static X509Certificate asX509(Certificate certificate) {
    return (X509Certificate) certificate;
  }

  private static String ofCertificate(X509Certificate certificate) {
    try {
      return block("CERTIFICATE", certificate.getEncoded());
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException("a certificate that was read or made has an encoding", e);
    }
  }

  static String block(String label, byte[] der) {
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n"
        .formatted(label, LINES.encodeToString(der), label);
  }
}
