package io.podveil.sidecar.net;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.unix.Socket;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * The two listeners. What they accept does not read by itself (no AUTO_READ): bytes stay in the
 * kernel until the flow that owns the connection asks for them.
 */
public final class Listeners {
  private static final int BACKLOG = 4096;

  private final EventLoopGroup loops;
  private final InetAddress address;

  /**
   * Opens nothing yet.
   *
   * @param address where they listen: {@link #anyAddress} but for those that only we call
   */
  public Listeners(EventLoopGroup loops, InetAddress address) {
    this.loops = loops;
    this.address = address;
  }

  /** Faces the app: takes connections to any address that TPROXY hands over. Unmarked. */
  public ChannelFuture egress(int port, ChannelHandler accepted, ChannelHandler acceptFailures) {
    return bind(
        server(accepted, acceptFailures).option(EpollChannelOption.IP_TRANSPARENT, true), port);
  }

  /**
   * Faces the wire. Accepted sockets inherit the mark, without which their answers would be taken
   * for the app's and end up in the wrong conntrack zone.
   */
  public ChannelFuture ingress(int port, ChannelHandler accepted, ChannelHandler acceptFailures) {
    return bind(
        SocketOptions.keepAlive(server(accepted, acceptFailures))
            .option(SocketOptions.SO_MARK, Mark.WIRE.value()),
        port);
  }

  @SuppressWarnings("deprecation") // RCVBUF_ALLOCATOR, as in Dialer
  private ServerBootstrap server(ChannelHandler accepted, ChannelHandler acceptFailures) {
    return new ServerBootstrap()
        .group(loops)
        .channel(EpollServerSocketChannel.class)
        .option(ChannelOption.SO_BACKLOG, BACKLOG)
        .option(ChannelOption.SO_REUSEADDR, true)
        .childOption(ChannelOption.AUTO_READ, false)
        .childOption(ChannelOption.RCVBUF_ALLOCATOR, SocketOptions.READS)
        .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, SocketOptions.WATER_MARK)
        .handler(acceptFailures)
        .childHandler(accepted);
  }

  private ChannelFuture bind(ServerBootstrap server, int port) {
    return server.bind(new InetSocketAddress(address, port));
  }

  /** One {@code ::} socket serves both families; a kernel without IPv6 has only the other. */
  public static InetAddress anyAddress() {
    return new InetSocketAddress(Socket.isIPv6Preferred() ? "::" : "0.0.0.0", 0).getAddress();
  }
}
