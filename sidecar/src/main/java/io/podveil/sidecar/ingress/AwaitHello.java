package io.podveil.sidecar.ingress;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.concurrent.Future;
import io.podveil.sidecar.wire.Hello;
import io.podveil.sidecar.wire.StreamSignal;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Waits, not for ever, for the peer's HELLO; what comes behind it goes to the relay. */
final class AwaitHello extends ChannelInboundHandlerAdapter {
  private final Duration timeout;
  private final Consumer<Hello> greeted;
  private final Consumer<String> failed;
  private String how = "the peer left after the handshake, before its HELLO";
  private @Nullable Future<?> deadline;

  AwaitHello(Duration timeout, Consumer<Hello> greeted, Consumer<String> failed) {
    this.timeout = timeout;
    this.greeted = greeted;
    this.failed = failed;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    deadline =
        ctx.executor()
            .schedule(
                () ->
                    failed.accept("no HELLO within " + timeout.toSeconds() + " s of the handshake"),
                timeout.toMillis(),
                TimeUnit.MILLISECONDS);
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    if (deadline != null) {
      deadline.cancel(false);
    }
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    // No switch: one with types and constants is put together when it is first run, in milliseconds
    // that the first connection would wait.
    if (message instanceof Hello hello) {
      ctx.pipeline().remove(this);
      greeted.accept(hello);
    } else if (message == StreamSignal.ABORT) {
      ctx.pipeline().remove(this);
      failed.accept(how);
    } else {
      ctx.fireChannelRead(message);
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    how = String.valueOf(cause.getMessage());
    ctx.fireExceptionCaught(cause);
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    // An idle close is no ABORT: podveil/1 was never begun.
    if (ctx.pipeline().context(this) != null) {
      ctx.pipeline().remove(this);
      failed.accept(how);
    }
    ctx.fireChannelInactive();
  }
}
