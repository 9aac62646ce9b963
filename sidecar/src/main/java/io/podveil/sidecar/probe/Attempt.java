package io.podveil.sidecar.probe;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http2.DefaultHttp2DataFrame;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.DefaultHttp2HeadersFrame;
import io.netty.handler.codec.http2.Http2FrameCodecBuilder;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2MultiplexHandler;
import io.netty.handler.codec.http2.Http2StreamChannel;
import io.netty.handler.codec.http2.Http2StreamChannelBootstrap;
import io.netty.util.concurrent.Future;
import io.podveil.sidecar.net.Dialer;
import io.podveil.sidecar.net.LastWord;
import io.podveil.sidecar.net.NetworkFailure;
import io.podveil.sidecar.probe.Check.Handler;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** One check, carried out once; lives on one event loop, and its connections end with it. */
final class Attempt {
  private final Dialer dialer;
  private final EventLoop loop;
  private final Check check;
  private final InetAddress own;
  private final String agent;
  private final CompletableFuture<Verdict> verdict = new CompletableFuture<>();
  private final long begun = System.nanoTime();

  /**
   * Does nothing yet.
   *
   * @param own the address of the pod's at which the app is asked
   * @param agent what the kubelet calls itself
   */
  Attempt(Dialer dialer, EventLoop loop, Check check, InetAddress own, String agent) {
    this.dialer = dialer;
    this.loop = loop;
    this.check = check;
    this.own = own;
    this.agent = agent;
  }

  CompletableFuture<Verdict> verdict() {
    return verdict;
  }

  /** Goes about it. */
  void begin() {
    check.patience().ifPresent(this::endWithin);
    switch (check.handler()) {
      case Handler.Tcp(int port) ->
          dial(port, connected -> verdict.complete(new Verdict.Answered(200)));
      case Handler.Http http -> new HttpExchange(this, check.kind(), http, own, agent).begin();
      case Handler.Grpc(int port, String service) ->
          dial(port, connected -> health(connected, port, service));
    }
  }

  /**
   * Nobody waits for it any more. The kubelet's clock started before ours, so where its patience
   * was about over that is its way of saying so.
   */
  void giveUp() {
    Duration waited = Duration.ofNanos(System.nanoTime() - begun);
    boolean wasPatient =
        check.patience().filter(most -> waited.multipliedBy(2).compareTo(most) < 0).isEmpty();
    verdict.complete(
        wasPatient
            ? new Verdict.Failed(Verdict.TOO_LATE, "no answer for as long as the kubelet waited")
            : new Verdict.Abandoned());
  }

  void fail(String why) {
    verdict.complete(Verdict.failed(why));
  }

  private void endWithin(Duration patience) {
    Future<?> timer =
        loop.schedule(
            () ->
                verdict.complete(
                    new Verdict.Failed(
                        Verdict.TOO_LATE, "no answer within " + patience.toSeconds() + " s")),
            patience.toMillis(),
            TimeUnit.MILLISECONDS);
    verdict.whenComplete((done, failure) -> timer.cancel(false));
  }

  /** To the app; the channel is closed when there is a verdict, if not before. */
  void dial(int port, Consumer<Channel> connected) {
    if (verdict.isDone()) {
      return;
    }
    ChannelFuture dial =
        dialer.inside(loop, new InetSocketAddress(own, port), new ChannelInboundHandlerAdapter());
    verdict.whenComplete((done, failure) -> close(dial.channel()));
    dial.addListener(done -> {
      if (!done.isSuccess()) {
        fail(NetworkFailure.text(done.cause()));
      } else if (!verdict.isDone()) {
        connected.accept(dial.channel());
      }
    });
  }

  private static void close(Channel channel) {
    // Out of descriptors it never was open, and can't be closed.
    if (channel.isOpen()) {
      channel.close();
    }
  }

  private void health(Channel connection, int port, String service) {
    String authority = new AppUrl(Check.Scheme.HTTP, HttpExchange.host(own), port, "/").authority();
    Http2Headers headers =
        new DefaultHttp2Headers()
            .method("POST")
            .scheme("http")
            .path("/grpc.health.v1.Health/Check")
            .authority(authority)
            .set("content-type", "application/grpc")
            .set("te", "trailers")
            .set("user-agent", agent);
    ByteBuf message = HealthMessage.request(service);
    http2(connection, new HealthAnswer(verdict))
        .addListener(opened -> {
          if (opened.isSuccess()) {
            Http2StreamChannel stream = (Http2StreamChannel) opened.getNow();
            stream.write(new DefaultHttp2HeadersFrame(headers, false));
            stream.writeAndFlush(new DefaultHttp2DataFrame(message, true));
          } else {
            message.release();
            fail(NetworkFailure.text(opened.cause()));
          }
        });
  }

  /** Speaks HTTP/2 on a connection, and opens the one stream that it takes. */
  static Future<Http2StreamChannel> http2(Channel connection, ChannelHandler... handlers) {
    // Otherwise a close would wait half a minute for a stream that is not answered.
    connection
        .pipeline()
        .addLast(
            Http2FrameCodecBuilder.forClient().gracefulShutdownTimeoutMillis(0).build(),
            new Http2MultiplexHandler(new ChannelInboundHandlerAdapter()),
            LastWord.HANDLER);
    connection.config().setAutoRead(true);
    return new Http2StreamChannelBootstrap(connection)
        .handler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel stream) {
                stream.pipeline().addLast(handlers);
              }
            })
        .open();
  }
}
