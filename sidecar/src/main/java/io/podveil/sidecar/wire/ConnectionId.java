package io.podveil.sidecar.wire;

import java.security.SecureRandom;
import java.util.HexFormat;

/** Names one app connection in the log lines of both sidecars: 16 random bytes. */
public record ConnectionId(long high, long low) {
  static final int BYTES = 16;

  private static final SecureRandom RANDOM = new SecureRandom();

  public static ConnectionId random() {
    return new ConnectionId(RANDOM.nextLong(), RANDOM.nextLong());
  }

  /** 32 hexadecimal digits. */
  @Override
  public String toString() {
    HexFormat hex = HexFormat.of();
    return hex.toHexDigits(high) + hex.toHexDigits(low);
  }
}
