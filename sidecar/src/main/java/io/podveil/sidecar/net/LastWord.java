package io.podveil.sidecar.net;

import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

/**
 * Takes what a peer does wrong where nobody else does: as long as it is the last handler, an error
 * ends here. Otherwise Netty would log a stack trace for everybody who knocks with the wrong
 * certificate; the connection's own log line says it all.
 */
@ChannelHandler.Sharable
public final class LastWord extends ChannelInboundHandlerAdapter {
  /** It remembers nothing, so one will do. */
  public static final LastWord HANDLER = new LastWord();

  private LastWord() {}

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (!equals(ctx.pipeline().last())) {
      ctx.fireExceptionCaught(cause);
    }
  }
}
