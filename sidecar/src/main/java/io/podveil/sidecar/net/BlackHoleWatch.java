package io.podveil.sidecar.net;

import static java.util.concurrent.TimeUnit.NANOSECONDS;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.epoll.EpollTcpInfo;
import io.netty.util.concurrent.FastThreadLocal;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Finds peers that vanished without a word while bytes were on their way to them, by asking the
 * kernel (TCP_INFO) every few seconds. TCP_USER_TIMEOUT, the obvious means, also kills a connection
 * whose reader merely pauses: since Linux 5.11 it counts the time that the window stays closed,
 * however faithfully the peer answers the probes. Here only bytes that were sent and not
 * acknowledged count; a closed window has none in flight.
 *
 * <p>One instance belongs to one event loop.
 */
public final class BlackHoleWatch {
  private static final long NOTHING_OWED = Long.MIN_VALUE;

  private static final Duration INTERVAL = Duration.ofSeconds(4);

  /** With an interval before and one behind it: found within 26 s of the first lost byte. */
  private static final Duration SILENCE = Duration.ofSeconds(18);

  private static final FastThreadLocal<BlackHoleWatch> OF_THIS_LOOP =
      new FastThreadLocal<>() {
        @Override
        protected BlackHoleWatch initialValue() {
          return new BlackHoleWatch();
        }
      };

  /** Each watched channel, and since when (nanoTime) it has been owed an acknowledgement. */
  private final Map<EpollSocketChannel, Long> owedSince = new HashMap<>();

  private final EpollTcpInfo info = new EpollTcpInfo();
  private boolean scheduled;

  private BlackHoleWatch() {}

  /** The watch of the event loop that calls this. */
  public static BlackHoleWatch ofThisLoop() {
    return OF_THIS_LOOP.get();
  }

  /** Whether the peer's kernel has yet to acknowledge bytes of ours. */
  public static boolean isOwed(Channel channel) {
    return channel.isOpen() && ((EpollSocketChannel) channel).tcpInfo().unacked() > 0;
  }

  /** Watches the channel until it is closed; a black hole ends it with a reset. */
  public void watch(Channel channel) {
    EpollSocketChannel socket = (EpollSocketChannel) channel;
    if (!socket.isOpen() || owedSince.putIfAbsent(socket, NOTHING_OWED) != null) {
      return;
    }
    socket.closeFuture().addListener(closed -> owedSince.remove(socket));
    if (!scheduled) {
      schedule(socket.eventLoop());
    }
  }

  private void schedule(EventLoop loop) {
    scheduled = true;
    loop.schedule(() -> sweep(loop), INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void sweep(EventLoop loop) {
    long now = System.nanoTime();
    // A reset closes the channel, which removes it from the map: hence the copy.
    for (EpollSocketChannel socket : List.copyOf(owedSince.keySet())) {
      if (isBlackHole(socket, now)) {
        socket.pipeline().fireExceptionCaught(new BlackHoled());
        Reset.now(socket);
      }
    }
    scheduled = false;
    if (!owedSince.isEmpty()) {
      schedule(loop);
    }
  }

  private boolean isBlackHole(EpollSocketChannel socket, long now) {
    if (!socket.isOpen()) {
      return false;
    }
    socket.tcpInfo(info);
    long since = owedSince.getOrDefault(socket, NOTHING_OWED);
    boolean owed = info.unacked() > 0;
    // The last acknowledgement counts only if it came after the debt was first seen: after an idle
    // hour it is an hour old, however healthy the peer.
    boolean silent =
        since != NOTHING_OWED && info.lastAckRecv() >= NANOSECONDS.toMillis(now - since);
    if (owed && silent) {
      return now - since >= SILENCE.toNanos();
    }
    owedSince.replace(socket, owed ? now : NOTHING_OWED);
    return false;
  }

  /** The peer stopped acknowledging: gone, cut off, or dropped by a firewall. */
  public static final class BlackHoled extends IOException {
    private static final long serialVersionUID = 1L;

    BlackHoled() {
      super("the peer has acknowledged nothing for " + SILENCE.toSeconds() + " s");
    }
  }
}
