package io.podveil.sidecar.egress;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.podveil.sidecar.wire.Accept;
import io.podveil.sidecar.wire.FrameCodec;
import io.podveil.sidecar.wire.StreamSignal;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Waits for the peer's answer to a HELLO. In TLS 1.3 this is also where a client learns that its
 * certificate was refused: the alert comes after the handshake.
 */
final class AwaitAccept extends ChannelInboundHandlerAdapter {
  /** What the peer's sidecar says. */
  sealed interface Answer {
    /** Its app has taken the connection. */
    record Accepted() implements Answer {}

    /** It has not. */
    record Refused() implements Answer {}

    /** Nothing: the connection was lost, with this as the last that was heard. */
    record Lost(@Nullable Throwable cause) implements Answer {}
  }

  private final FrameCodec codec;
  private final Consumer<Answer> told;
  private @Nullable Throwable cause;

  /**
   * Waits as long as it takes.
   *
   * @param told of the answer, before anything that comes behind it
   */
  AwaitAccept(FrameCodec codec, Consumer<Answer> told) {
    this.codec = codec;
    this.told = told;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    ctx.pipeline().remove(this);
    if (message == Accept.ACCEPT) {
      told.accept(new Answer.Accepted());
      return;
    }
    if (message == StreamSignal.ABORT) {
      told.accept(codec.isLost() || cause != null ? new Answer.Lost(cause) : new Answer.Refused());
    }
    ctx.fireChannelRead(message);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    this.cause = cause;
    ctx.fireExceptionCaught(cause);
  }
}
