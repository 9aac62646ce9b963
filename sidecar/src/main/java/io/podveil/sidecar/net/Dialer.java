package io.podveil.sidecar.net;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.SocketProtocolFamily;
import io.netty.channel.unix.Errors;
import java.net.BindException;
import java.net.ConnectException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NoRouteToHostException;
import java.time.Duration;

/** Opens connections, each on the event loop of the connection that it belongs to. */
public final class Dialer {
  // asm-generic/errno.h; Netty hands them out negative.
  private static final int EADDRINUSE = -98;
  private static final int EADDRNOTAVAIL = -99;

  private final Duration timeout;

  /**
   * @param timeout after which a connect has failed
   */
  public Dialer(Duration timeout) {
    this.timeout = timeout;
  }

  /** Towards the wire: marked, so that the rules leave it alone, and watched for life. */
  public ChannelFuture toWire(EventLoop loop, OriginalDestination to, ChannelHandler handler) {
    return bootstrap(loop, to.address(), handler)
        .option(SocketOptions.SO_MARK, Mark.WIRE.value())
        .option(ChannelOption.SO_KEEPALIVE, true)
        .option(EpollChannelOption.TCP_KEEPIDLE, SocketOptions.KEEPALIVE_IDLE_SECONDS)
        .option(EpollChannelOption.TCP_KEEPINTVL, SocketOptions.KEEPALIVE_INTERVAL_SECONDS)
        .option(EpollChannelOption.TCP_KEEPCNT, SocketOptions.KEEPALIVE_PROBES)
        .connect(to.address());
  }

  /**
   * Towards the app, from the client's own address and port. See {@link #isPortTaken} for the
   * failure that can be mended.
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

  /** Whether a dial failed only because something in this pod holds the port asked for. */
  public static boolean isPortTaken(Throwable cause) {
    for (Throwable e = cause; e != null; e = e.getCause()) {
      if (e instanceof Errors.NativeIoException io
          && (io.expectedErr() == EADDRINUSE || io.expectedErr() == EADDRNOTAVAIL)) {
        return true;
      }
    }
    return cause instanceof BindException;
  }

  private ChannelFuture toApp(
      EventLoop loop, InetSocketAddress from, OriginalDestination to, ChannelHandler handler) {
    return bootstrap(loop, to.address(), handler)
        .option(SocketOptions.SO_MARK, Mark.APP.value())
        .option(EpollChannelOption.IP_TRANSPARENT, true)
        .option(ChannelOption.SO_REUSEADDR, true)
        .connect(to.address(), from);
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

  /** Why a dial failed, in words for a log line. */
  public static String why(Throwable cause) {
    return switch (cause) {
      case ConnectTimeoutException timeout -> "no answer in time";
      case NoRouteToHostException unreachable -> "no route to it";
      case ConnectException refused when String.valueOf(refused.getMessage()).contains("refused") ->
          "connection refused";
      default -> String.valueOf(cause.getMessage());
    };
  }

  private Bootstrap bootstrap(EventLoop loop, InetSocketAddress to, ChannelHandler handler) {
    return new Bootstrap()
        .group(loop)
        .channelFactory(() -> new EpollSocketChannel(family(to.getAddress())))
        .option(ChannelOption.AUTO_READ, false)
        .option(ChannelOption.TCP_NODELAY, true)
        .option(ChannelOption.WRITE_BUFFER_WATER_MARK, SocketOptions.WATER_MARK)
        .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, Math.toIntExact(timeout.toMillis()))
        .handler(handler);
  }

  private static SocketProtocolFamily family(InetAddress address) {
    return address instanceof Inet6Address ? SocketProtocolFamily.INET6 : SocketProtocolFamily.INET;
  }
}
