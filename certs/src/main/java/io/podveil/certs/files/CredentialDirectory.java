package io.podveil.certs.files;

import io.podveil.certs.signer.Credential;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where a sidecar reads who it is: {@code cert.pem}, {@code key.pem} and {@code ca.pem}. It may be
 * watching while they are replaced.
 */
public record CredentialDirectory(Path path) {

  /**
   * Replaces all three files. Each changes at once; between two of them a reader may find a
   * certificate that does not fit the key, and is expected to look again.
   */
  public void write(Credential credential) throws IOException {
    Files.createDirectories(path);
    new WatchedFile(path.resolve("ca.pem")).replace(credential.rootsPem(), "rw-r--r--");
    new WatchedFile(path.resolve("key.pem")).replace(credential.keyPem(), "rw-------");
    // Last, so a reader that waits for a new certificate finds everything in place.
    new WatchedFile(path.resolve("cert.pem")).replace(credential.chainPem(), "rw-r--r--");
  }
}
