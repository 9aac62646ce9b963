package io.podveil.sidecar.tls;

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
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.netty.util.ReferenceCountUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Real TLS over loopback: a server that echoes, and clients that send one greeting and want it
 * back.
 */
// Whatever fails shows at the other end.
@SuppressWarnings("FutureReturnValueIgnored")
final class Loop implements AutoCloseable {

  private static final int SECONDS = 20;

  /** How a connection began, as one side saw it. */
  record Outcome(
      @Nullable PeerIdentity peer, @Nullable String protocol, @Nullable Throwable failure) {

    boolean succeeded() {
      return failure == null;
    }

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

  private final EventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
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

  /** Connects, greets, and waits for the greeting to come back or for what comes instead. */
  Outcome connect(SocketAddress to, Function<ByteBufAllocator, SslHandler> tls) throws Exception {
    CompletableFuture<Outcome> outcome = new CompletableFuture<>();
    Channel channel =
        new Bootstrap()
            .group(group)
            .channel(NioSocketChannel.class)
            .handler(initializer(tls, () -> new Greeter(outcome)))
            .connect(to)
            .syncUninterruptibly()
            .channel();
    try {
      return outcome.get(SECONDS, TimeUnit.SECONDS);
    } finally {
      channel.close().syncUninterruptibly();
    }
  }

  Outcome nextServed() throws InterruptedException {
    Outcome outcome = served.poll(SECONDS, TimeUnit.SECONDS);
    if (outcome == null) {
      throw new AssertionError("no handshake has come to its end");
    }
    return outcome;
  }

  @Override
  public void close() {
    group.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
  }

  private static ChannelInitializer<Channel> initializer(
      Function<ByteBufAllocator, SslHandler> tls,
      java.util.function.Supplier<ChannelHandler> last) {
    return new ChannelInitializer<>() {
      @Override
      protected void initChannel(Channel channel) {
        channel.pipeline().addLast(tls.apply(channel.alloc()), last.get());
      }
    };
  }

  private static Outcome outcome(ChannelHandlerContext ctx, SslHandshakeCompletionEvent done) {
    if (!done.isSuccess()) {
      return new Outcome(null, null, done.cause());
    }
    SslHandler tls = ctx.pipeline().get(SslHandler.class);
    return new Outcome(PeerIdentity.of(tls.engine().getSession()), tls.applicationProtocol(), null);
  }

  private static final class Echo extends ChannelInboundHandlerAdapter {

    private final BlockingQueue<Outcome> served;

    Echo(BlockingQueue<Outcome> served) {
      this.served = served;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof SslHandshakeCompletionEvent done) {
        served.add(outcome(ctx, done));
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

  private static final class Greeter extends ChannelInboundHandlerAdapter {

    private final CompletableFuture<Outcome> result;
    private @Nullable Outcome connected;

    Greeter(CompletableFuture<Outcome> result) {
      this.result = result;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof SslHandshakeCompletionEvent done) {
        Outcome outcome = outcome(ctx, done);
        if (outcome.succeeded()) {
          connected = outcome;
          ByteBuf greeting = Unpooled.copiedBuffer("hello", StandardCharsets.UTF_8);
          ctx.writeAndFlush(greeting);
        } else {
          result.complete(outcome);
        }
      }
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      ReferenceCountUtil.release(message);
      result.complete(connected);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      result.complete(new Outcome(null, null, cause));
      ctx.close();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      result.complete(new Outcome(null, null, new java.nio.channels.ClosedChannelException()));
    }
  }
}
