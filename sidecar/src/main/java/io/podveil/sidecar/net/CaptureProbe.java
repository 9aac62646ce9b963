package io.podveil.sidecar.net;

import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoop;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * Proves that the capture rules are in force without the privilege to read them: a connection to a
 * documentation address (RFC 5737, RFC 3849), where nothing can answer, must come out at the own
 * egress listener.
 */
public final class CaptureProbe {
  private static final InetAddress IPV4 = address(192, 0, 2, 1);
  private static final InetAddress IPV6 =
      address(0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
  private static final long DEADLINE_MILLIS = 1000;

  private final Dialer dialer;

  /** The probes on their way, by where they are going; the port is each one's nonce. */
  private final Map<InetSocketAddress, CompletableFuture<Boolean>> pending =
      new ConcurrentHashMap<>();

  public CaptureProbe(Dialer dialer) {
    this.dialer = dialer;
  }

  /** Whether an accepted connection is one of our probes, which by arriving has succeeded. */
  public boolean recognizes(OriginalDestination to) {
    CompletableFuture<Boolean> probe = pending.get(to.address());
    return probe != null && probe.complete(true);
  }

  /**
   * Tries each address family that this namespace has an address of, besides loopback.
   *
   * @return empty when the rules are in force, otherwise what is wrong; never fails
   */
  public CompletableFuture<Optional<String>> probe(EventLoop loop) {
    CompletableFuture<Optional<String>> v4 = probe(loop, "IPv4", IPV4, OwnAddresses.ipv4());
    CompletableFuture<Optional<String>> v6 = probe(loop, "IPv6", IPV6, OwnAddresses.ipv6());
    return v4.thenCombine(v6, (one, other) -> one.or(() -> other));
  }

  private CompletableFuture<Optional<String>> probe(
      EventLoop loop, String family, InetAddress to, Optional<InetAddress> from) {
    return from.map(source -> probe(loop, to, source))
        .orElse(CompletableFuture.completedFuture(true))
        .thenApply(arrived ->
            arrived
                ? Optional.empty()
                : Optional.of(
                    "the capture rules are not in force for "
                        + family
                        + "; run 'podveil-sidecar capture' in this network namespace"));
  }

  private CompletableFuture<Boolean> probe(EventLoop loop, InetAddress address, InetAddress from) {
    int nonce = ThreadLocalRandom.current().nextInt(1024, 65536);
    InetSocketAddress to = new InetSocketAddress(address, nonce);
    CompletableFuture<Boolean> arrived =
        new CompletableFuture<Boolean>()
            .completeOnTimeout(false, DEADLINE_MILLIS, TimeUnit.MILLISECONDS);
    pending.put(to, arrived);
    ChannelFuture dial = dialer.asTheApp(loop, to);
    closeAfter(arrived, dial);
    dial.addListener(connected -> {
      // Without any route out, the packet never gets as far as the rules that would mark it;
      // the rest of the way can be proven by marking it ourselves.
      if (!connected.isSuccess() && !arrived.isDone()) {
        closeAfter(arrived, dialer.recirculated(loop, from, to));
      }
    });
    return arrived.whenComplete((ok, e) -> pending.remove(to));
  }

  private static void closeAfter(CompletableFuture<Boolean> arrived, ChannelFuture dial) {
    arrived.whenComplete((ok, e) -> dial.channel().close());
  }

  private static InetAddress address(int... bytes) {
    byte[] raw = new byte[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      raw[i] = (byte) bytes[i];
    }
    try {
      return InetAddress.getByAddress(raw);
    } catch (UnknownHostException e) {
      throw new AssertionError("4 or 16 bytes are an address", e);
    }
  }
}
