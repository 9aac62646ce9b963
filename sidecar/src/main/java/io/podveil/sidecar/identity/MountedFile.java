package io.podveil.sidecar.identity;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** A small file that somebody else writes: read afresh each time, and never without end. */
public final class MountedFile {

  /** No honest file is larger, and a wrong path may lead to anything. */
  private static final int MAX_BYTES = 1024 * 1024;

  private MountedFile() {}

  /**
   * What the file holds now.
   *
   * @throws IdentityException if it can't be read: which file, the cause, what to do
   */
  public static byte[] read(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] content = in.readNBytes(MAX_BYTES + 1);
      if (content.length > MAX_BYTES) {
        throw new IdentityException(file + ": is larger than 1 MiB; is it the right file?");
      }
      return content;
    } catch (NoSuchFileException e) {
      throw new IdentityException(file + ": is not there; is its volume mounted?", e);
    } catch (IOException e) {
      throw new IdentityException(file + ": can't be read: " + e.getMessage(), e);
    }
  }
}
