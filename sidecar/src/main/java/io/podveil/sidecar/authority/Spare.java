package io.podveil.sidecar.authority;

import io.netty.channel.Channel;
import io.podveil.sidecar.identity.Credential;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * At most one connection to podveil-certs over which a question was answered, for the next one to
 * need no handshake. Whoever talks to unmeshed addresses asks every few seconds; ten thousand such
 * pods would keep certs busy with nothing but handshakes. Thread-safe.
 */
final class Spare {
  /** Certs has room for some thousand connections; who asks more seldom dials. */
  static final Duration LONGEST = Duration.ofSeconds(20);

  private record Kept(Channel channel, Credential as, String roots) {}

  private final AtomicReference<@Nullable Kept> spare = new AtomicReference<>();

  /**
   * Keeps it for a while.
   *
   * @param as whom we have shown ourselves to be
   * @param roots what vouched for the server then
   */
  void keep(Channel channel, Credential as, String roots) {
    Kept kept = new Kept(channel, as, roots);
    discard(spare.getAndSet(kept));
    channel
        .eventLoop()
        .schedule(
            () -> {
              if (spare.compareAndSet(kept, null)) {
                discard(kept);
              }
            },
            LONGEST.toMillis(),
            TimeUnit.MILLISECONDS);
  }

  /** Takes it, if it would be made the same way now. */
  Optional<Channel> take(Credential as, String roots) {
    Kept kept = spare.getAndSet(null);
    if (kept != null
        && kept.channel().isActive()
        && kept.as().equals(as)
        && kept.roots().equals(roots)) {
      return Optional.of(kept.channel());
    }
    discard(kept);
    return Optional.empty();
  }

  private static void discard(@Nullable Kept kept) {
    if (kept != null) {
      kept.channel().close();
    }
  }
}
