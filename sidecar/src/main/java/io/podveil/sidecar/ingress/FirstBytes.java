package io.podveil.sidecar.ingress;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Tells TLS from plaintext by the first byte: a TLS record that opens a connection has content type
 * 22 (RFC 8446 section 5.1), which no plain protocol of note begins with. A client that stays
 * silent waits for the server to speak first, which in TLS no server does; after a bounded time it
 * is taken for plaintext.
 */
final class FirstBytes extends ChannelInboundHandlerAdapter {
  private static final int HANDSHAKE_RECORD = 22;

  private final Duration silence;
  private final Runnable tls;
  private final Runnable plaintext;
  private final Runnable gone;
  private @Nullable Future<?> deadline;

  FirstBytes(Duration silence, Runnable tls, Runnable plaintext, Runnable gone) {
    this.silence = silence;
    this.tls = tls;
    this.plaintext = plaintext;
    this.gone = gone;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    // Who has nothing to say at all may still want to hear: the end of input is no end of it.
    ctx.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    deadline =
        ctx.executor()
            .schedule(() -> decide(ctx, plaintext), silence.toMillis(), TimeUnit.MILLISECONDS);
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ByteBuf first = (ByteBuf) message;
    boolean handshake = first.getUnsignedByte(first.readerIndex()) == HANDSHAKE_RECORD;
    // In TLS it is: the peer is gone, and a handshake that can't end need not wait for its time.
    ctx.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, !handshake);
    // Whoever comes next is added behind this handler before it leaves, so nothing gets lost.
    (handshake ? tls : plaintext).run();
    ctx.fireChannelRead(message);
    leave(ctx);
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof ChannelInputShutdownEvent && !ctx.isRemoved()) {
      // No ClientHello can come any more.
      plaintext.run();
      ctx.fireUserEventTriggered(event);
      leave(ctx);
    } else {
      ctx.fireUserEventTriggered(event);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    leave(ctx);
    gone.run();
    ctx.fireChannelInactive();
  }

  private void decide(ChannelHandlerContext ctx, Runnable how) {
    how.run();
    leave(ctx);
  }

  private void leave(ChannelHandlerContext ctx) {
    if (deadline != null) {
      deadline.cancel(false);
    }
    if (!ctx.isRemoved()) {
      ctx.pipeline().remove(this);
    }
  }
}
