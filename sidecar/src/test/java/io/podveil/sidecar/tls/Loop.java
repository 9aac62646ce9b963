package io.podveil.sidecar.tls;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Real TLS over loopback: a server that echoes, and clients that want their greeting back. */
// Whatever fails shows at the other end.
@SuppressWarnings("FutureReturnValueIgnored")
final class Loop implements AutoCloseable {

  private static final int SECONDS = 20;
  private static final String GREETING = "hello\n";

  /** How a connection went on, as one side saw it: what it read, or what failed. */
  record Outcome(
      @Nullable PeerIdentity peer, @Nullable String protocol, @Nullable Throwable failure) {

    PeerIdentity admitted() {
      if (peer == null) {
        throw new AssertionError("not admitted", failure);
      }
      return peer;
    }

    HandshakeFailure explained(Role ours) {
      if (failure == null) {
        throw new AssertionError("admitted " + peer);
      }
      return HandshakeFailure.explain(failure, ours);
    }
  }

  /** A client's connection after its handshake. */
  static final class Connection implements AutoCloseable {

    private final Channel channel;
    private final BlockingQueue<Outcome> outcomes;

    Connection(Channel channel, BlockingQueue<Outcome> outcomes) {
      this.channel = channel;
      this.outcomes = outcomes;
    }

    /** Greets, and waits for the greeting to come back or for what comes instead. */
    Outcome greet() throws InterruptedException {
      channel.writeAndFlush(Unpooled.copiedBuffer(GREETING, UTF_8));
      return next(outcomes);
    }

    @Override
    public void close() {
      channel.close().syncUninterruptibly();
    }
  }

  private final EventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final ChannelGroup channels = new DefaultChannelGroup(group.next());
  private final BlockingQueue<Outcome> served = new LinkedBlockingQueue<>();

  /** Listens on loopback; what became of each handshake is to be had from {@link #nextServed}. */
  InetSocketAddress serve(Function<ByteBufAllocator, SslHandler> tls) {
    Channel channel =
        new ServerBootstrap()
            .group(group)
            .channel(NioServerSocketChannel.class)
            .childHandler(initializer(tls, () -> new Echo(served)))
            .bind(InetAddress.getLoopbackAddress(), 0)
            .syncUninterruptibly()
            .channel();
    return (InetSocketAddress) channel.localAddress();
  }

  /** Connects; what becomes of it shows at the first greeting. */
  Connection open(SocketAddress to, Function<ByteBufAllocator, SslHandler> tls) {
    BlockingQueue<Outcome> outcomes = new LinkedBlockingQueue<>();
    Channel channel =
        new Bootstrap()
            .group(group)
            .channel(NioSocketChannel.class)
            .handler(initializer(tls, () -> new Reader(outcomes)))
            .connect(to)
            .syncUninterruptibly()
            .channel();
    return new Connection(channel, outcomes);
  }

  /** Connects, greets once, and closes. */
  Outcome connect(SocketAddress to, Function<ByteBufAllocator, SslHandler> tls)
      throws InterruptedException {
    try (Connection connection = open(to, tls)) {
      return connection.greet();
    }
  }

  Outcome nextServed() throws InterruptedException {
    return next(served);
  }

  /** Closes the channels first: a loop that ends under them releases nothing. */
  @Override
  public void close() {
    channels.close().syncUninterruptibly();
    group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
  }

  private static Outcome next(BlockingQueue<Outcome> outcomes) throws InterruptedException {
    Outcome outcome = outcomes.poll(SECONDS, TimeUnit.SECONDS);
    if (outcome == null) {
      throw new AssertionError("neither an answer nor an end within " + SECONDS + " s");
    }
    return outcome;
  }

  private ChannelInitializer<Channel> initializer(
      Function<ByteBufAllocator, SslHandler> tls, Supplier<ChannelHandler> last) {
    return new ChannelInitializer<>() {
      @Override
      protected void initChannel(Channel channel) {
        channels.add(channel);
        channel.pipeline().addLast(tls.apply(channel.alloc()), last.get());
      }
    };
  }

  private static Outcome admitted(ChannelHandlerContext ctx) {
    SslHandler tls = ctx.pipeline().get(SslHandler.class);
    return new Outcome(PeerIdentity.of(tls.engine().getSession()), tls.applicationProtocol(), null);
  }

  private static Outcome failed(Throwable cause) {
    return new Outcome(null, null, cause);
  }

  private static final class Echo extends ChannelInboundHandlerAdapter {

    private final BlockingQueue<Outcome> served;

    Echo(BlockingQueue<Outcome> served) {
      this.served = served;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof SslHandshakeCompletionEvent done) {
        served.add(done.isSuccess() ? admitted(ctx) : failed(done.cause()));
      }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      ctx.writeAndFlush(message);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }

  private static final class Reader extends ChannelInboundHandlerAdapter {

    private final BlockingQueue<Outcome> outcomes;
    private int read;

    Reader(BlockingQueue<Outcome> outcomes) {
      this.outcomes = outcomes;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof SslHandshakeCompletionEvent done && !done.isSuccess()) {
        outcomes.add(failed(done.cause()));
      }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      ByteBuf bytes = (ByteBuf) message;
      read += bytes.readableBytes();
      bytes.release();
      if (read >= GREETING.length()) {
        read -= GREETING.length();
        outcomes.add(admitted(ctx));
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      outcomes.add(failed(cause));
      ctx.close();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      outcomes.add(failed(new ClosedChannelException()));
    }
  }
}
