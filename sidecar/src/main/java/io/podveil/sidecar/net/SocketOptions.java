package io.podveil.sidecar.net;

import io.netty.bootstrap.AbstractBootstrap;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.ChannelOption;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.unix.IntegerUnixChannelOption;

/** Socket options that several sockets share. TCP_NODELAY is none: Netty sets it on each. */
final class SocketOptions {
  /** SOL_SOCKET, SO_MARK (asm-generic/socket.h); takes CAP_NET_RAW since Linux 5.17. */
  static final ChannelOption<Integer> SO_MARK = new IntegerUnixChannelOption("SO_MARK", 1, 36);

  /** How much may wait in user space for a reader that is slower than its writer. */
  static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(128 * 1024, 256 * 1024);

  /** From half a kilobyte up to 128 KiB, as the traffic asks for: few and large calls win. */
  static final RecvByteBufAllocator READS =
      new AdaptiveRecvByteBufAllocator(512, 2 * 1024, 128 * 1024);

  // SOL_SOCKET and IPPROTO_TCP (asm-generic/socket.h, linux/tcp.h). Netty has its own, but no
  // listener takes them.
  private static final ChannelOption<Integer> SO_KEEPALIVE =
      new IntegerUnixChannelOption("SO_KEEPALIVE", 1, 9);
  private static final ChannelOption<Integer> TCP_KEEPIDLE =
      new IntegerUnixChannelOption("TCP_KEEPIDLE", 6, 4);
  private static final ChannelOption<Integer> TCP_KEEPINTVL =
      new IntegerUnixChannelOption("TCP_KEEPINTVL", 6, 5);
  private static final ChannelOption<Integer> TCP_KEEPCNT =
      new IntegerUnixChannelOption("TCP_KEEPCNT", 6, 6);

  private SocketOptions() {}

  /**
   * A peer that vanished while nothing was being sent is found after 60 + 3 × 10 s. What a listener
   * accepts inherits this.
   */
  static <B extends AbstractBootstrap<B, ?>> B keepAlive(B sockets) {
    return sockets
        .option(SO_KEEPALIVE, 1)
        .option(TCP_KEEPIDLE, 60)
        .option(TCP_KEEPINTVL, 10)
        .option(TCP_KEEPCNT, 3);
  }
}
