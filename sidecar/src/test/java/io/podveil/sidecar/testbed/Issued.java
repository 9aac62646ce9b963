package io.podveil.sidecar.testbed;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.podveil.sidecar.identity.Credential;
import io.podveil.sidecar.identity.Identity;
import io.podveil.sidecar.identity.IdentityFiles;
import io.podveil.sidecar.identity.TrustBundle;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.List;

/** A certificate chain and its key, whatever they are good for. */
public record Issued(List<X509Certificate> chain, PrivateKey key) {

  public X509Certificate leaf() {
    return chain.getFirst();
  }

  public String chainPem() {
    return pem(chain);
  }

  public String keyPem() {
    return block("PRIVATE KEY", key.getEncoded());
  }

  /** As an identity to hand to {@code Tls}; fails for what is not fit to be one. */
  public Identity identity(TrustBundle roots) {
    Credential credential =
        Credential.parse(chainPem().getBytes(US_ASCII), keyPem().getBytes(US_ASCII));
    return new Identity(credential, roots);
  }

  /** Writes cert.pem, key.pem and ca.pem into a directory, as a volume would hold them. */
  public IdentityFiles write(Path directory, TrustBundle roots) {
    try {
      Files.createDirectories(directory);
      return new IdentityFiles(
          Files.writeString(directory.resolve("cert.pem"), chainPem()),
          Files.writeString(directory.resolve("key.pem"), keyPem()),
          Files.writeString(directory.resolve("ca.pem"), pem(roots.roots())),
          TestAuthority.TRUST_DOMAIN);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static String pem(List<X509Certificate> certificates) {
    StringBuilder text = new StringBuilder();
    for (X509Certificate certificate : certificates) {
      try {
        text.append(block("CERTIFICATE", certificate.getEncoded()));
      } catch (CertificateEncodingException e) {
        throw new IllegalStateException(e);
      }
    }
    return text.toString();
  }

  public static String block(String label, byte[] der) {
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n"
        .formatted(label, Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der), label);
  }
}
