package io.podveil.sidecar.wire;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.podveil.certs.signer.Credential;
import io.podveil.certs.signer.LocalSigner;
import io.podveil.certs.signer.SpiffeId;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;

/** Two codecs with a real mutual TLS connection between them; nobody reads but on demand. */
final class TlsWire implements AutoCloseable {
  private final EventLoopGroup loop =
      new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
  private final Credential credential =
      LocalSigner.create("test.local", InstantSource.system())
          .issue(
              SpiffeId.ofServiceAccount("test.local", "shop", "web"),
              List.of(InetAddress.getLoopbackAddress()),
              Duration.ofHours(1));
  private final CompletableFuture<End> accepted = new CompletableFuture<>();
  private final Channel listener;
  private final End client;
  private final End server;

  TlsWire() throws Exception {
    listener = listen();
    client = dial();
    server = accepted.get(10, TimeUnit.SECONDS);
  }

  End client() {
    return client;
  }

  End server() {
    return server;
  }

  @Override
  public void close() {
    loop.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
  }

  private Channel listen() throws Exception {
    SslContext tls = context(SslContextBuilder.forServer(credential.key(), chain()));
    ChannelInitializer<Channel> child =
        new ChannelInitializer<>() {
          @Override
          protected void initChannel(Channel channel) {
            accepted.complete(new End(channel, tls, FrameCodec.server()));
          }
        };
    return new ServerBootstrap()
        .group(loop)
        .channel(EpollServerSocketChannel.class)
        .childOption(ChannelOption.AUTO_READ, false)
        .childOption(ChannelOption.ALLOW_HALF_CLOSURE, true)
        .childHandler(child)
        .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
        .sync()
        .channel();
  }

  private End dial() throws Exception {
    SslContext tls = context(SslContextBuilder.forClient().keyManager(credential.key(), chain()));
    CompletableFuture<End> end = new CompletableFuture<>();
    ChannelInitializer<Channel> child =
        new ChannelInitializer<>() {
          @Override
          protected void initChannel(Channel channel) {
            end.complete(new End(channel, tls, FrameCodec.client()));
          }
        };
    new Bootstrap()
        .group(loop)
        .channel(EpollSocketChannel.class)
        .option(ChannelOption.AUTO_READ, false)
        .option(ChannelOption.ALLOW_HALF_CLOSURE, true)
        .handler(child)
        .connect(listener.localAddress())
        .sync();
    return end.get(10, TimeUnit.SECONDS);
  }

  private SslContext context(SslContextBuilder builder) throws SSLException {
    return builder
        .sslProvider(SslProvider.OPENSSL)
        .protocols("TLSv1.3")
        .trustManager(credential.certificate().roots())
        .endpointIdentificationAlgorithm(null)
        .build();
  }

  private X509Certificate[] chain() {
    return credential.certificate().chain().toArray(X509Certificate[]::new);
  }

  /** One end: sends messages, keeps what it received, asks for more only once it got something. */
  static final class End extends ChannelInboundHandlerAdapter {
    private final EpollSocketChannel channel;
    private final FrameCodec codec;
    private final List<Object> received = new ArrayList<>();
    private boolean fed;

    private End(Channel channel, SslContext tls, FrameCodec codec) {
      this.channel = (EpollSocketChannel) channel;
      this.codec = codec;
      channel.pipeline().addLast(tls.newHandler(channel.alloc()), codec, this);
    }

    void sends(Object message) {
      Object sent = message instanceof String text ? bytes(text.getBytes(UTF_8)) : message;
      channel.writeAndFlush(sent).syncUninterruptibly();
    }

    /** Past the codec, into TLS. */
    void sendsRaw(byte[] bytes) {
      channel.pipeline().context(codec).writeAndFlush(bytes(bytes)).syncUninterruptibly();
    }

    /** Closes in the way of TLS, with close_notify. */
    void closes() {
      channel.close().syncUninterruptibly();
    }

    /** Ends the TCP stream past TLS, as anyone on the path could. */
    void finishesTcp() {
      channel.shutdownOutput().syncUninterruptibly();
    }

    boolean isIdle() {
      return onLoop(codec::isIdle);
    }

    boolean isLost() {
      return onLoop(codec::isLost);
    }

    /** All messages so far, bytes of the app as text, joined. */
    synchronized List<Object> received() {
      return List.copyOf(received);
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      ctx.read();
    }

    @Override
    public synchronized void channelRead(ChannelHandlerContext ctx, Object message) {
      fed = true;
      if (message instanceof ByteBuf bytes) {
        boolean joins = !received.isEmpty() && received.getLast() instanceof String;
        String before = joins ? (String) received.removeLast() : "";
        received.add(before + bytes.toString(UTF_8));
        bytes.release();
      } else {
        received.add(message);
      }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      if (fed) {
        fed = false;
        ctx.read();
      }
    }

    private boolean onLoop(Callable<Boolean> question) {
      return channel.eventLoop().submit(question).syncUninterruptibly().getNow();
    }

    private ByteBuf bytes(byte[] bytes) {
      return channel.alloc().buffer(bytes.length).writeBytes(bytes);
    }
  }
}
