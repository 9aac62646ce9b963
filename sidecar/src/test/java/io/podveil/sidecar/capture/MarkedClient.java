package io.podveil.sidecar.capture;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.podveil.sidecar.testbed.Namespace;
import java.net.InetAddress;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A connection that the sidecar makes for itself, to podveil-certs say: its mark is 0xb. */
final class MarkedClient implements AutoCloseable {
  private final EventLoopGroup loop;
  private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();
  private final ChannelFuture dial;

  private MarkedClient(InetAddress address, int port) {
    loop = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    dial =
        new Bootstrap()
            .group(loop)
            .channel(EpollSocketChannel.class)
            .option(StandIn.SO_MARK, 0xb)
            .handler(
                new SimpleChannelInboundHandler<ByteBuf>() {
                  @Override
                  protected void channelRead0(ChannelHandlerContext context, ByteBuf bytes) {
                    heard.add(bytes.toString(UTF_8));
                  }
                })
            .connect(address, port);
  }

  /** Begins to connect. */
  static MarkedClient dialling(Namespace from, InetAddress address, int port) throws Exception {
    return from.call(() -> new MarkedClient(address, port));
  }

  /** Connects, or says why not. */
  static MarkedClient connected(Namespace from, InetAddress address, int port) throws Exception {
    MarkedClient client = dialling(from, address, port);
    client.awaitConnected();
    return client;
  }

  void awaitConnected() {
    dial.syncUninterruptibly();
  }

  void say(String words) {
    dial.channel().writeAndFlush(Unpooled.copiedBuffer(words, UTF_8)).syncUninterruptibly();
  }

  /** What the other side said next, or nothing within five seconds. */
  String hear() throws InterruptedException {
    return String.valueOf(heard.poll(5, TimeUnit.SECONDS));
  }

  /** Says that no more will be said. */
  void end() {
    ((EpollSocketChannel) dial.channel()).shutdownOutput().syncUninterruptibly();
  }

  @Override
  public void close() {
    loop.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
  }
}
