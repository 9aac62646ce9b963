package io.podveil.sidecar.relay;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.podveil.sidecar.net.HalfClose;
import io.podveil.sidecar.net.Reset;
import io.podveil.sidecar.wire.StreamSignal;
import java.io.IOException;

/**
 * Plain TCP as a stream: a FIN is END, a reset is ABORT, in both directions. Until both directions
 * have ended, a close is a reset, whoever closes: the kernel does it when the sidecar is killed.
 */
public final class TcpEdge extends ChannelDuplexHandler {
  private boolean inputEnded;
  private boolean outputEnded;
  private boolean aborted;

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    // Without it a FIN closes the channel, and the answer to a half-closed request is lost.
    ctx.channel().config().setOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    Reset.arm(ctx.channel());
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    // After a reset Netty announces the end of input as well; only the first word counts.
    if (event instanceof ChannelInputShutdownEvent && !inputEnded && !aborted) {
      inputEnded = true;
      ctx.fireChannelRead(StreamSignal.END);
      ctx.fireChannelReadComplete();
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    ctx.fireExceptionCaught(cause);
    if (cause instanceof IOException) {
      abort(ctx);
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    if (!(inputEnded && outputEnded)) {
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
    // No switch, as in RelayEnd.
    if (message == StreamSignal.END) {
      end(ctx, promise);
    } else if (message == StreamSignal.ABORT) {
      aborted = true;
      Reset.now(ctx.channel());
      promise.setSuccess();
    } else {
      ctx.write(message, promise);
    }
  }

  @Override
  public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
    if (inputEnded && outputEnded) {
      Reset.disarm(ctx.channel());
    }
    ctx.close(promise);
  }

  private void end(ChannelHandlerContext ctx, ChannelPromise promise) {
    outputEnded = true;
    // shutdownOutput() throws away what is still waiting, so everything must be out before.
    ctx.writeAndFlush(Unpooled.EMPTY_BUFFER)
        .addListener(flushed -> {
          if (flushed.isSuccess()) {
            HalfClose.output(ctx.channel(), promise);
          } else {
            promise.setFailure(flushed.cause());
          }
        });
  }
}
