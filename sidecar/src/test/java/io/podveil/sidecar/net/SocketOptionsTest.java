package io.podveil.sidecar.net;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class SocketOptionsTest {
  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  private final CompletableFuture<Channel> accepted = new CompletableFuture<>();

  @AfterEach
  void end() throws InterruptedException {
    loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
  }

  @Test
  void whatAListenerAcceptsIsKeptAliveAsTheListenerIs() throws Exception {
    dial(SocketOptions.keepAlive(server()));
    Channel channel = accepted.get(10, TimeUnit.SECONDS);
    assertThat(channel.config().getOption(ChannelOption.SO_KEEPALIVE)).isTrue();
    assertThat(channel.config().getOption(EpollChannelOption.TCP_KEEPIDLE)).isEqualTo(60);
    assertThat(channel.config().getOption(EpollChannelOption.TCP_KEEPINTVL)).isEqualTo(10);
    assertThat(channel.config().getOption(EpollChannelOption.TCP_KEEPCNT)).isEqualTo(3);
  }

  @Test
  void nothingWaitsForMoreToSend() throws Exception {
    Channel dialled = dial(server());
    assertThat(dialled.config().getOption(ChannelOption.TCP_NODELAY)).isTrue();
    assertThat(accepted.get(10, TimeUnit.SECONDS).config().getOption(ChannelOption.TCP_NODELAY))
        .isTrue();
  }

  private ServerBootstrap server() {
    return new ServerBootstrap()
        .group(loops)
        .channel(EpollServerSocketChannel.class)
        .childHandler(
            new ChannelInitializer<>() {
              @Override
              protected void initChannel(Channel channel) {
                accepted.complete(channel);
              }
            });
  }

  private Channel dial(ServerBootstrap server) throws InterruptedException {
    Channel listener = server.bind(InetAddress.getLoopbackAddress(), 0).sync().channel();
    return new Dialer(Duration.ofSeconds(5))
        .inside(
            loops.next(),
            (InetSocketAddress) listener.localAddress(),
            new ChannelInboundHandlerAdapter())
        .sync()
        .channel();
  }
}
