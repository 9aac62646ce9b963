package io.podveil.sidecar.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** On real sockets: what a read finds in its buffer is the transport's business, not ours alone. */
@Timeout(30)
final class HeadroomAllocatorTest {
  /** What was seen of one read: indices, room and how many bytes came. */
  record Read(int readerIndex, int capacity, int bytes) {}

  private final EventLoopGroup loop =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  private final ConcurrentLinkedQueue<Read> reads = new ConcurrentLinkedQueue<>();
  private final CRC32 received = new CRC32();
  private final CompletableFuture<Integer> total = new CompletableFuture<>();

  @AfterEach
  void stop() {
    loop.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
  }

  @Test
  void leavesRoomForAHeaderAndGrowsWithTheTraffic() throws Exception {
    byte[] sent = new byte[32 << 20];
    new Random(1).nextBytes(sent);
    transfer(sent);

    CRC32 expected = new CRC32();
    expected.update(sent);
    assertThat(total.get()).isEqualTo(sent.length);
    assertThat(received.getValue()).isEqualTo(expected.getValue());
    assertThat(reads).allSatisfy(read -> assertThat(read.readerIndex()).isEqualTo(4));
    assertThat(reads).allSatisfy(read -> assertThat(read.capacity()).isBetween(512, 128 << 10));
    assertThat(reads.peek()).isEqualTo(new Read(4, 2048, 2044));
    assertThat(reads).anySatisfy(read -> assertThat(read).isEqualTo(new Read(4, 131072, 131068)));
  }

  @Test
  void staysSmallForSmallReads() throws Exception {
    transfer(new byte[10]);
    assertThat(total.get()).isEqualTo(10);
    assertThat(List.copyOf(reads)).containsExactly(new Read(4, 2048, 10));
  }

  private void transfer(byte[] bytes) throws Exception {
    Channel listener = listen();
    Channel client =
        new Bootstrap()
            .group(loop)
            .channel(EpollSocketChannel.class)
            .handler(new ChannelInboundHandlerAdapter())
            .connect(listener.localAddress())
            .sync()
            .channel();
    client.writeAndFlush(client.alloc().buffer(bytes.length).writeBytes(bytes)).sync();
    client.close().sync();
    total.get(20, TimeUnit.SECONDS);
    listener.close().sync();
  }

  private Channel listen() throws InterruptedException {
    return new ServerBootstrap()
        .group(loop)
        .channel(EpollServerSocketChannel.class)
        .childOption(ChannelOption.RECVBUF_ALLOCATOR, new HeadroomAllocator())
        .childOption(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
        .childHandler(new Recorder())
        .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
        .sync()
        .channel();
  }

  private final class Recorder extends ChannelInboundHandlerAdapter {
    private int bytes;

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      ByteBuf in = (ByteBuf) message;
      reads.add(new Read(in.readerIndex(), in.capacity(), in.readableBytes()));
      bytes += in.readableBytes();
      received.update(in.nioBuffer());
      in.release();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      total.complete(bytes);
    }
  }
}
