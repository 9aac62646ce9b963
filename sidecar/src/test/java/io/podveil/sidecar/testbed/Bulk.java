package io.podveil.sidecar.testbed;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Random;

/**
 * Many bytes, told from all others by their hash: not one was lost, added or moved.
 *
 * @param bytes how many
 * @param sha256 of all of them
 */
public record Bulk(long bytes, String sha256) {
  private static final int BLOCK = 256 * 1024;

  /** Writes that many bytes, no two blocks of them alike. */
  public static Bulk send(long bytes, OutputStream to) throws IOException {
    MessageDigest hash = newHash();
    byte[] block = new byte[BLOCK];
    new Random(bytes).nextBytes(block);
    for (long sent = 0; sent < bytes; ) {
      ByteBuffer.wrap(block).putLong(0, sent);
      int length = (int) Math.min(BLOCK, bytes - sent);
      hash.update(block, 0, length);
      to.write(block, 0, length);
      sent += length;
    }
    return new Bulk(bytes, HexFormat.of().formatHex(hash.digest()));
  }

  /** Reads to the end. */
  public static Bulk receive(InputStream from) throws IOException {
    MessageDigest hash = newHash();
    byte[] block = new byte[BLOCK];
    long received = 0;
    for (int count = from.read(block); count >= 0; count = from.read(block)) {
      hash.update(block, 0, count);
      received += count;
    }
    return new Bulk(received, HexFormat.of().formatHex(hash.digest()));
  }

  private static MessageDigest newHash() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
