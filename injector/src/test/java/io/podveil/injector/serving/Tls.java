package io.podveil.injector.serving;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** TLS clients and files for tests. */
public final class Tls {
  private Tls() {}

  /** A client's context that trusts these and no other. */
  public static SSLContext trusting(List<X509Certificate> anchors) {
    try {
      KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
      store.load(null, null);
      for (X509Certificate anchor : anchors) {
        store.setCertificateEntry(anchor.getSerialNumber().toString(), anchor);
      }
      TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(store);
      SSLContext context = SSLContext.getInstance("TLSv1.3");
      context.init(null, trust.getTrustManagers(), null);
      return context;
    } catch (GeneralSecurityException | IOException e) {
      throw new AssertionError(e);
    }
  }

  public static String pem(X509Certificate certificate) {
    try {
      return pem("CERTIFICATE", certificate.getEncoded());
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  public static String keyPem(Credential credential) {
    return pem("PRIVATE KEY", credential.key().getEncoded());
  }

  private static String pem(String what, byte[] content) {
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n"
        .formatted(what, Base64.getMimeEncoder().encodeToString(content), what);
  }

  /** Writes tls.crt and tls.key. */
  public static void write(Path directory, Credential credential) throws IOException {
    Files.writeString(directory.resolve("tls.crt"), pem(credential.leaf()));
    Files.writeString(directory.resolve("tls.key"), keyPem(credential));
  }
}
