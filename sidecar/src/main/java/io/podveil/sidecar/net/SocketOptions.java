package io.podveil.sidecar.net;

import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.ChannelOption;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.unix.IntegerUnixChannelOption;

/** Socket options that several sockets share. */
final class SocketOptions {
  /** SOL_SOCKET, SO_MARK (asm-generic/socket.h); takes CAP_NET_RAW since Linux 5.17. */
  static final ChannelOption<Integer> SO_MARK = new IntegerUnixChannelOption("SO_MARK", 1, 36);

  /** How much may wait in user space for a reader that is slower than its writer. */
  static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(128 * 1024, 256 * 1024);

  /** From half a kilobyte up to 128 KiB, as the traffic asks for: few and large calls win. */
  static final RecvByteBufAllocator READS =
      new AdaptiveRecvByteBufAllocator(512, 2 * 1024, 128 * 1024);

  // A peer that vanished while nothing was being sent is found after 60 + 3 × 10 s.
  static final int KEEPALIVE_IDLE_SECONDS = 60;
  static final int KEEPALIVE_INTERVAL_SECONDS = 10;
  static final int KEEPALIVE_PROBES = 3;

  private SocketOptions() {}
}
