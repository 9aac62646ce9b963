package io.podveil.sidecar.net;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;

/** Opens connections, each on the event loop of the connection that it belongs to. */
public final class Dialer {
  private final Duration timeout;

  /**
   * @param timeout after which a connect has failed
   */
  public Dialer(Duration timeout) {
    this.timeout = timeout;
  }

  /** Towards the wire: marked, so that the rules leave it alone, and watched for life. */
  public ChannelFuture toWire(EventLoop loop, OriginalDestination to, ChannelHandler handler) {
    return on(
        loop,
        SocketOptions.keepAlive(bootstrap(loop, to.address(), handler))
            .option(SocketOptions.SO_MARK, Mark.WIRE.value())
            .connect(to.address()));
  }

  /**
   * Towards the app, from the client's own address and port. See {@link NetworkFailure#isPortTaken}
   * for the failure that can be mended.
   */
  public ChannelFuture toAppAs(
      EventLoop loop, ClientAddress client, OriginalDestination to, ChannelHandler handler) {
    return toApp(loop, client.address(), to, handler);
  }

  /** Towards the app, from the client's own address and any port: second best. */
  public ChannelFuture toAppFromAnyPort(
      EventLoop loop, ClientAddress client, OriginalDestination to, ChannelHandler handler) {
    return toApp(loop, new InetSocketAddress(client.address().getAddress(), 0), to, handler);
  }

  private ChannelFuture toApp(
      EventLoop loop, InetSocketAddress from, OriginalDestination to, ChannelHandler handler) {
    return on(
        loop,
        bootstrap(loop, to.address(), handler)
            .option(SocketOptions.SO_MARK, Mark.APP.value())
            .option(EpollChannelOption.IP_TRANSPARENT, true)
            .option(ChannelOption.SO_REUSEADDR, true)
            .connect(to.address(), from));
  }

  /**
   * Out of descriptors there is not even a channel, and Netty's future would call back on a thread
   * of its own, where nobody expects to be.
   */
  private static ChannelFuture on(EventLoop loop, ChannelFuture dial) {
    return dial.cause() == null || dial.channel().isRegistered()
        ? dial
        : new DefaultChannelPromise(dial.channel(), loop).setFailure(dial.cause());
  }

  /**
   * To an address of the pod's own, unmarked: what stays in the pod is not captured, and what for
   * some reason does not stay is.
   */
  public ChannelFuture inside(EventLoop loop, InetSocketAddress to, ChannelHandler handler) {
    return on(loop, bootstrap(loop, to, handler).connect(to));
  }

  /** The same, from an address of the pod's own; {@link #toAppAs} may then use its port as well. */
  public ChannelFuture inside(
      EventLoop loop, InetAddress from, InetSocketAddress to, ChannelHandler handler) {
    return on(
        loop,
        bootstrap(loop, to, handler)
            .option(ChannelOption.SO_REUSEADDR, true)
            .connect(to, new InetSocketAddress(from, 0)));
  }

  /** An ordinary, unmarked connection: the rules treat it as they treat the app's. */
  ChannelFuture asTheApp(EventLoop loop, InetSocketAddress to) {
    return bootstrap(loop, to, new ChannelInboundHandlerAdapter()).connect(to);
  }

  /** As if the rules had marked it: goes through the routes to the egress listener. */
  ChannelFuture recirculated(EventLoop loop, InetAddress from, InetSocketAddress to) {
    return bootstrap(loop, to, new ChannelInboundHandlerAdapter())
        .option(SocketOptions.SO_MARK, Mark.RECIRCULATED.value())
        .connect(to, new InetSocketAddress(from, 0));
  }

  @SuppressWarnings(
      "deprecation") // RCVBUF_ALLOCATOR: what Netty means to put in its place isn't there yet
  private Bootstrap bootstrap(EventLoop loop, InetSocketAddress to, ChannelHandler handler) {
    return new Bootstrap()
        .group(loop)
        .channelFactory(() -> new EpollSocketChannel(family(to.getAddress())))
        .option(ChannelOption.AUTO_READ, false)
        .option(ChannelOption.RCVBUF_ALLOCATOR, SocketOptions.READS)
        .option(ChannelOption.WRITE_BUFFER_WATER_MARK, SocketOptions.WATER_MARK)
        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, Math.toIntExact(timeout.toMillis()))
        .handler(handler);
  }

  private static SocketProtocolFamily family(InetAddress address) {
    return address instanceof Inet6Address ? SocketProtocolFamily.INET6 : SocketProtocolFamily.INET;
  }
}
