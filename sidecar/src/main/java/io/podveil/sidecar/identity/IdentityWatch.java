package io.podveil.sidecar.identity;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Looks at the contents of the identity's files, again and again, and hands over each new identity.
 * Contents, not events: a volume is swapped by a symlink, a bind mount tells nobody, and a network
 * file system has no events at all.
 *
 * <p>What can't be used is refused with one warning, and the identity before stays in force.
 * Nothing is tried before it stood still for two looks: files are written one after the other, and
 * a new certificate beside the old key is nothing to warn of.
 */
public final class IdentityWatch implements AutoCloseable {

  private final IdentityFiles files;
  private final InstantSource clock;
  private final Consumer<Identity> use;
  private final Consumer<String> warnings;
  private final Thread thread;
  private Identity inForce;
  // Digests of contents: those last seen, those that need no further look, those warned of.
  private String seen = "";
  private String settled = "";
  private String warned = "";

  IdentityWatch(
      IdentityFiles files,
      Identity inForce,
      InstantSource clock,
      Duration interval,
      Consumer<Identity> use,
      Consumer<String> warnings) {
    this.files = files;
    this.inForce = inForce;
    this.clock = clock;
    this.use = use;
    this.warnings = warnings;
    this.thread = Thread.ofVirtual().name("identity-watch").unstarted(() -> pollEvery(interval));
  }

  IdentityWatch start() {
    thread.start();
    return this;
  }

  /** Stops looking; an identity that is being handed over may still arrive. */
  @Override
  public void close() {
    thread.interrupt();
  }

  private void pollEvery(Duration interval) {
    try {
      while (true) {
        Thread.sleep(interval);
        poll();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** One look. */
  void poll() {
    String contents;
    Supplier<Identity> parser;
    try {
      List<byte[]> read = files.read();
      contents = digest(read);
      parser = () -> files.parse(read);
    } catch (IdentityException e) {
      // Unreadable files have no digest; what is wrong with them stands for it.
      contents = String.valueOf(e.getMessage());
      parser =
          () -> {
            throw e;
          };
    }
    boolean still = contents.equals(seen);
    seen = contents;
    if (still && !contents.equals(settled)) {
      offer(contents, parser);
    }
  }

  private void offer(String contents, Supplier<Identity> parser) {
    try {
      Identity next = parser.get();
      if (isWorseThanOurs(next.credential())) {
        // Not settled: a certificate of tomorrow is taken tomorrow.
        warn(contents, files.certificate() + ": is not valid now: " + next.credential());
        return;
      }
      if (!next.equals(inForce)) {
        use.accept(next);
        inForce = next;
      }
      warned = "";
    } catch (IdentityException e) {
      warn(contents, String.valueOf(e.getMessage()));
    } catch (RuntimeException e) {
      // A bug, and no reason to stop looking: the next contents may be taken.
      warn(contents, e.toString());
    }
    settled = contents;
  }

  private boolean isWorseThanOurs(Credential next) {
    return !next.isValidAt(clock.instant()) && inForce.credential().isValidAt(clock.instant());
  }

  private void warn(String contents, String why) {
    if (!contents.equals(warned)) {
      warned = contents;
      warnings.accept(why + "; the identity before stays in force: " + inForce.credential());
    }
  }

  private static String digest(List<byte[]> contents) {
    try {
      MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
      for (byte[] content : contents) {
        sha256.update((content.length + ":").getBytes(StandardCharsets.US_ASCII));
        sha256.update(content);
      }
      return HexFormat.of().formatHex(sha256.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
