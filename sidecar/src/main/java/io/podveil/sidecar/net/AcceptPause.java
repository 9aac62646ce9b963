package io.podveil.sidecar.net;

import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * When accepting fails (out of file descriptors, mostly) the listener rests for a moment instead of
 * spinning; what comes meanwhile waits in the kernel's backlog.
 */
@ChannelHandler.Sharable
public final class AcceptPause extends ChannelInboundHandlerAdapter {
  private static final long PAUSE_MILLIS = 200;

  private final Consumer<Throwable> paused;

  /**
   * @param paused told of each pause and its cause, on the event loop
   */
  public AcceptPause(Consumer<Throwable> paused) {
    this.paused = paused;
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (ctx.channel().config().isAutoRead()) {
      ctx.channel().config().setAutoRead(false);
      ctx.executor()
          .schedule(
              () -> ctx.channel().config().setAutoRead(true), PAUSE_MILLIS, TimeUnit.MILLISECONDS);
      paused.accept(cause);
    }
  }
}
