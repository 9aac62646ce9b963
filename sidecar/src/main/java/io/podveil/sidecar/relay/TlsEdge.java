package io.podveil.sidecar.relay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import io.podveil.sidecar.net.Reset;
import io.podveil.sidecar.wire.StreamSignal;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;

/**
 * Plain TLS, with a peer that is no sidecar, as a stream: close_notify is END (RFC 8446 section
 * 6.1), anything else that ends the connection is ABORT.
 *
 * <p>A received close_notify means the end of both directions: BoringSSL cannot write after it
 * (SslClosedEngineException), so bytes that the app still sends are answered with an ABORT instead
 * of being dropped in silence.
 */
public final class TlsEdge extends ChannelDuplexHandler {
  private final SslHandler tls;
  private boolean inputEnded;
  private boolean aborted;

  public TlsEdge(SslHandler tls) {
    this.tls = tls;
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof SslCloseCompletionEvent close
        && close.isSuccess()
        && !inputEnded
        && !aborted) {
      inputEnded = true;
      ctx.fireChannelRead(StreamSignal.END);
      ctx.fireChannelReadComplete();
    }
  }

  /** The peer's end was in order, but there were bytes for it that it did not wait for. */
  private void tooLate(ChannelHandlerContext ctx) {
    ctx.fireExceptionCaught(new IOException("closed before it had read everything"));
    abort(ctx);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    if (!inputEnded) {
      abort(ctx);
    }
    ctx.fireChannelInactive();
  }

  private void abort(ChannelHandlerContext ctx) {
    if (!aborted) {
      aborted = true;
      ctx.fireChannelRead(StreamSignal.ABORT);
    }
  }

  @Override
  public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
    switch (message) {
      case StreamSignal.END -> end(ctx, promise);
      case StreamSignal.ABORT -> {
        aborted = true;
        Reset.now(ctx.channel());
        promise.setSuccess();
      }
      case ByteBuf late when inputEnded && late.isReadable() -> {
        ReferenceCountUtil.release(late);
        promise.tryFailure(new ClosedChannelException());
        tooLate(ctx);
      }
      case ByteBuf bytes -> {
        ChannelPromise sent = promise.unvoid();
        sent.addListener(done -> {
          if (!done.isSuccess() && inputEnded) {
            tooLate(ctx);
          }
        });
        ctx.write(bytes, sent);
      }
      default -> ctx.write(message, promise);
    }
  }

  private void end(ChannelHandlerContext ctx, ChannelPromise promise) {
    if (inputEnded) {
      promise.setSuccess();
      return;
    }
    // close_notify must come behind everything that is still waiting.
    ctx.writeAndFlush(Unpooled.EMPTY_BUFFER)
        .addListener(flushed -> {
          if (flushed.isSuccess()) {
            tls.closeOutbound(promise);
          } else {
            promise.setFailure(flushed.cause());
          }
        });
  }
}
