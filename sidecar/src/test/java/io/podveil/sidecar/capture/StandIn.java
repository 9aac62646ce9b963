package io.podveil.sidecar.capture;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.unix.IntegerUnixChannelOption;
import io.netty.channel.unix.RawUnixChannelOption;
import io.podveil.sidecar.testbed.Namespace;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The least that uses the rules as a sidecar does: both listeners, dials with the right marks and
 * addresses, and on the wire every byte turned around, so that plaintext there would show.
 */
@SuppressWarnings(
    "FutureReturnValueIgnored") // What matters of a write or a close is what the other side sees.
final class StandIn implements AutoCloseable {
  static final ChannelOption<Integer> SO_MARK = new IntegerUnixChannelOption("SO_MARK", 1, 36);
  private static final RawUnixChannelOption ORIGINAL_V4 = new RawUnixChannelOption("v4", 0, 80, 16);
  private static final RawUnixChannelOption ORIGINAL_V6 =
      new RawUnixChannelOption("v6", 41, 80, 28);

  private final EventLoopGroup loop;

  private StandIn(EventLoopGroup loop) {
    this.loop = loop;
  }

  static StandIn in(Namespace namespace) throws Exception {
    return namespace.call(() -> {
      StandIn made = new StandIn(new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory()));
      made.listen(1, Map.of(EpollChannelOption.IP_TRANSPARENT, true), made::egress);
      made.listen(2, Map.of(SO_MARK, 0xb), made::ingress);
      return made;
    });
  }

  /** How these words look on the wire. */
  static String turned(String words) {
    return words
        .chars()
        .map(c -> c ^ 0x55)
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }

  /** Ends as a killed process does: every socket closed at once. */
  @Override
  public void close() {
    loop.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
  }

  private interface Accepted {
    void accept(EpollSocketChannel channel);
  }

  @SuppressWarnings("unchecked")
  private void listen(int port, Map<ChannelOption<?>, Object> options, Accepted accepted) {
    ServerBootstrap server =
        new ServerBootstrap()
            .group(loop)
            .channel(EpollServerSocketChannel.class)
            .option(ChannelOption.SO_REUSEADDR, true)
            .option(ChannelOption.SO_BACKLOG, 1024)
            .childOption(ChannelOption.AUTO_READ, false)
            .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
            .childHandler(
                new ChannelInitializer<EpollSocketChannel>() {
                  @Override
                  protected void initChannel(EpollSocketChannel channel) {
                    accepted.accept(channel);
                  }
                });
    options.forEach((option, value) -> server.option((ChannelOption<Object>) option, value));
    server.bind("::", port).syncUninterruptibly();
  }

  private void egress(EpollSocketChannel app) {
    join(app, towards(app).option(SO_MARK, 0xb).connect(app.localAddress()));
  }

  private void ingress(EpollSocketChannel wire) {
    join(
        wire,
        towards(wire)
            .option(SO_MARK, 0xc)
            .option(EpollChannelOption.IP_TRANSPARENT, true)
            .option(ChannelOption.SO_REUSEADDR, true)
            .connect(original(wire), wire.remoteAddress()));
  }

  private static Bootstrap towards(Channel other) {
    return new Bootstrap()
        .group(other.eventLoop())
        .channel(EpollSocketChannel.class)
        .option(ChannelOption.AUTO_READ, false)
        .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
        .handler(new ChannelInboundHandlerAdapter());
  }

  private static void join(DuplexChannel accepted, ChannelFuture dial) {
    DuplexChannel dialled = (DuplexChannel) dial.channel();
    accepted.pipeline().addLast(new TurnedAround(dialled, dial));
    dialled.pipeline().addLast(new TurnedAround(accepted, dial));
    dial.addListener(done -> {
      if (done.isSuccess()) {
        // Netty's epoll breaks a channel whose end came while nobody read, once somebody reads.
        if (!accepted.isInputShutdown()) {
          accepted.config().setAutoRead(true);
        }
        dialled.config().setAutoRead(true);
      } else {
        reset(accepted);
      }
    });
  }

  private static void reset(Channel channel) {
    if (channel.isOpen()) {
      channel.config().setOption(ChannelOption.SO_LINGER, 0);
      channel.close();
    }
  }

  private static InetSocketAddress original(EpollSocketChannel wire) {
    boolean v4 = wire.localAddress().getAddress() instanceof Inet4Address;
    ByteBuffer sockaddr = wire.config().getOption(v4 ? ORIGINAL_V4 : ORIGINAL_V6);
    byte[] address = new byte[v4 ? 4 : 16];
    sockaddr.get(v4 ? 4 : 8, address);
    try {
      return new InetSocketAddress(
          InetAddress.getByAddress(address), Short.toUnsignedInt(sockaddr.getShort(2)));
    } catch (UnknownHostException e) {
      throw new AssertionError(e);
    }
  }

  /** Hands every byte on, turned around; an end as an end, a break as a break. */
  private static final class TurnedAround extends ChannelInboundHandlerAdapter {
    private final DuplexChannel other;
    // Epoll reports an end even where nobody reads yet: it may come before the dial is through.
    private final ChannelFuture ready;

    private TurnedAround(DuplexChannel other, ChannelFuture ready) {
      this.other = other;
      this.ready = ready;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      ByteBuf bytes = (ByteBuf) message;
      for (int i = bytes.readerIndex(); i < bytes.writerIndex(); i++) {
        bytes.setByte(i, bytes.getByte(i) ^ 0x55);
      }
      ready.addListener(connected -> other.writeAndFlush(bytes));
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event instanceof ChannelInputShutdownEvent) {
        ready.addListener(connected -> end(context));
      }
    }

    private void end(ChannelHandlerContext context) {
      other
          .shutdownOutput()
          .addListener(done -> {
            if (other.isInputShutdown()) {
              other.close();
              context.close();
            }
          });
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      if (!other.isInputShutdown() || !other.isOutputShutdown()) {
        reset(other);
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      reset(other);
      reset(context.channel());
    }
  }
}
