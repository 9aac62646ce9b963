package io.podveil.sidecar.egress;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.podveil.sidecar.wire.Accept;
import io.podveil.sidecar.wire.StreamSignal;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Waits for the peer's answer to a HELLO. In TLS 1.3 this is also where a client learns that its
 * certificate was refused: the alert comes after the handshake.
 */
final class AwaitAccept extends ChannelInboundHandlerAdapter {
  private final Consumer<@Nullable Throwable> refused;
  private @Nullable Throwable cause;

  /**
   * @param refused told when the peer ended it instead; with what was read last, if it was an error
   */
  AwaitAccept(Consumer<@Nullable Throwable> refused) {
    this.refused = refused;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ctx.pipeline().remove(this);
    if (message == Accept.ACCEPT) {
      return;
    }
    if (message == StreamSignal.ABORT) {
      refused.accept(cause);
    }
    ctx.fireChannelRead(message);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    this.cause = cause;
    ctx.fireExceptionCaught(cause);
  }
}
