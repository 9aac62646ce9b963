package io.podveil.certs.files;

import io.podveil.certs.signer.LocalSigner;
import io.podveil.certs.signer.SignerException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.InstantSource;

/** An authority on disk: {@code ca.pem} for everyone, {@code ca-key.pem} for its owner alone. */
public record CaDirectory(Path path) {
  private static final int MAX_FILE = 1 << 20;

  /**
   * Writes a new authority. One that exists is never touched: its key cannot be had back.
   *
   * @throws FileAlreadyExistsException if there is one, or a part of one
   */
  public void save(LocalSigner signer) throws IOException {
    Files.createDirectories(path);
    for (Path file : new Path[] {certificate(), key()}) {
      if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
        throw new FileAlreadyExistsException(file.toString());
      }
    }
    // The key first: whoever finds a certificate finds its key too.
    WatchedFile.create(key(), signer.keyPem(), "rw-------");
    WatchedFile.create(certificate(), signer.certificatePem(), "rw-r--r--");
  }

  /**
   * Reads the authority.
   *
   * @throws SignerException if what is there is no authority, with the reason
   */
  public LocalSigner load(InstantSource clock) throws IOException {
    try {
      return LocalSigner.load(read(certificate()), read(key()), clock);
    } catch (SignerException e) {
      throw new SignerException("%s: %s".formatted(path, e.getMessage()), e);
    } catch (NoSuchFileException e) {
      throw new SignerException(
          "%s does not exist; `podveil-certs ca init --dir %s` makes an authority"
              .formatted(e.getFile(), path),
          e);
    }
  }

  /** Whether this is the same directory, whatever names lead to it. */
  public boolean is(Path other) throws IOException {
    return Files.exists(other) && Files.exists(path) && Files.isSameFile(path, other);
  }

  private Path certificate() {
    return path.resolve("ca.pem");
  }

  private Path key() {
    return path.resolve("ca-key.pem");
  }

  private static String read(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MAX_FILE + 1);
      if (bytes.length > MAX_FILE) {
        throw new SignerException(file + " is larger than 1 MiB, so it is no certificate or key");
      }
      return new String(bytes, StandardCharsets.ISO_8859_1);
    }
  }
}
