package io.podveil.certs.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.UUID;

/** A file that others may read at any moment: it is replaced as a whole, never written in place. */
record WatchedFile(Path path) {

  /**
   * Replaces the content.
   *
   * @param mode as {@code ls} writes it; the file has it from its first moment on
   */
  void replace(String content, String mode) throws IOException {
    // In the same directory, as a rename between file systems is a copy.
    Path next = path.resolveSibling("." + path.getFileName() + "." + UUID.randomUUID());
    try {
      create(next, content, mode);
      Files.move(next, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(next);
    }
  }

  /** Makes a file that must not exist yet, with this mode from its first moment on. */
  static void create(Path path, String content, String mode) throws IOException {
    // Created without any right of others, then given its mode: neither umask nor timing matters.
    Files.createFile(
        path, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    try (FileChannel file = FileChannel.open(path, StandardOpenOption.WRITE)) {
      ByteBuffer bytes = StandardCharsets.US_ASCII.encode(content);
      while (bytes.hasRemaining()) {
        file.write(bytes);
      }
      file.force(true);
    }
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
  }
}
