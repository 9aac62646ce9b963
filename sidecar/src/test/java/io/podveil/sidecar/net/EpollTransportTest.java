package io.podveil.sidecar.net;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class EpollTransportTest {
  private static final int ANSWER_BYTES = 20_000_000;

  /** Fails without the cure on Netty 4.2.13 to 4.2.20: the answer is cut. */
  @Test
  void aHalfClosedChannelMayWriteMoreThanFitsIntoTheSocket() throws Exception {
    EventLoopGroup loops =
        new MultiThreadIoEventLoopGroup(1, EpollTransport.cured(EpollIoHandler.newFactory()));
    try {
      Channel listener = listen(loops);
      int port = ((InetSocketAddress) listener.localAddress()).getPort();
      try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port)) {
        client.setSoTimeout(20_000);
        client.shutdownOutput();
        TimeUnit.MILLISECONDS.sleep(500); // Whoever reads late makes the writer wait.
        assertThat(count(client.getInputStream())).isEqualTo(ANSWER_BYTES);
      }
    } finally {
      loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
    }
  }

  private static Channel listen(EventLoopGroup loops) throws InterruptedException {
    return new ServerBootstrap()
        .group(loops)
        .channel(EpollServerSocketChannel.class)
        .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
        .childHandler(new AnswersAtTheEnd())
        .bind(InetAddress.getLoopbackAddress(), 0)
        .sync()
        .channel();
  }

  private static long count(InputStream in) throws Exception {
    byte[] block = new byte[64 * 1024];
    long total = 0;
    for (int n = in.read(block); n >= 0; n = in.read(block)) {
      total += n;
    }
    return total;
  }

  @ChannelHandler.Sharable
  private static final class AnswersAtTheEnd extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      ReferenceCountUtil.release(message);
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
      if (event instanceof ChannelInputShutdownEvent) {
        // Not at once: by then nothing is left that epoll should tell, which is where it went
        // wrong.
        ctx.executor().schedule(() -> answer(ctx), 100, TimeUnit.MILLISECONDS);
      }
    }

    private static void answer(ChannelHandlerContext ctx) {
      ByteBuf answer = ctx.alloc().buffer(ANSWER_BYTES).writeZero(ANSWER_BYTES);
      ctx.writeAndFlush(answer)
          .addListener(done -> ((DuplexChannel) ctx.channel()).shutdownOutput());
    }
  }
}
