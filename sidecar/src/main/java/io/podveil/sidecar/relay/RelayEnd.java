package io.podveil.sidecar.relay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import io.podveil.sidecar.net.NetworkFailure;
import io.podveil.sidecar.net.Reset;
import io.podveil.sidecar.net.Splice;
import io.podveil.sidecar.wire.StreamSignal;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One end of a {@link Relay}: what this channel says is written to the other one. */
final class RelayEnd extends ChannelInboundHandlerAdapter {
  private static final int LAST_WORD_SECONDS = 1;
  private static final int ABORT_SECONDS = 5;

  private final Relay relay;
  private final Outcome.Party party;
  private final Queue<Object> early = new ArrayDeque<>(2);
  private @Nullable ChannelHandlerContext ctx;
  private @Nullable RelayEnd other;
  private @Nullable Throwable lastCause;
  private boolean unflushed;
  private boolean ended;
  private boolean endPassedOn;

  RelayEnd(Relay relay, Outcome.Party party) {
    this.relay = relay;
    this.party = party;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    this.ctx = ctx;
  }

  /** From here on everything goes to the other end, what came early first. */
  void flowTo(RelayEnd other) {
    this.other = other;
    for (Object message = early.poll(); message != null; message = early.poll()) {
      pass(message, other);
    }
    flush();
    // A closed channel counts as not writable, for ever; only what is read here shows how it ends.
    channel().config().setAutoRead(!other.channel().isActive() || other.channel().isWritable());
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (relay.isOver()) {
      ReferenceCountUtil.release(message);
    } else if (message == StreamSignal.ABORT) {
      relay.aborted(party, lastCause == null ? "reset" : NetworkFailure.text(lastCause));
    } else if (other == null) {
      // A read may go on past AUTO_READ off: TLS delivers all records of one read, and a FIN makes
      // Netty read to the end. What comes is bounded by the socket's receive buffer.
      early.add(message);
    } else {
      pass(message, other);
    }
  }

  private void pass(Object message, RelayEnd to) {
    // No switch: one with types and constants is put together when it is first run, in milliseconds
    // that the first connection would wait.
    if (message instanceof ByteBuf bytes) {
      passBytes(bytes, to);
    } else if (message == StreamSignal.END) {
      passEnd(to);
    } else {
      throw new IllegalStateException("no part of a stream: " + message);
    }
  }

  private void passBytes(ByteBuf bytes, RelayEnd to) {
    if (to.isGone()) {
      bytes.release();
      relay.aborted(to.party, "closed before it had read everything");
      return;
    }
    relay.moved(bytes.readableBytes(), party);
    to.context().write(bytes, to.context().voidPromise());
    unflushed = true;
    if (!to.channel().isWritable()) {
      channel().config().setAutoRead(false);
    }
  }

  private void passEnd(RelayEnd to) {
    ended = true;
    unflushed = false;
    if (to.isGone()) {
      endPassedOn = true;
      relay.settle();
      return;
    }
    to.context()
        .writeAndFlush(StreamSignal.END)
        .addListener(written -> {
          endPassedOn = written.isSuccess();
          relay.settle();
        });
    // The app may take its time with the last bytes; the wire is done with them.
    relay.settle();
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    flush();
    relay.burstEnded();
  }

  private void flush() {
    if (unflushed) {
      unflushed = false;
      Objects.requireNonNull(other).context().flush();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext ctx) {
    boolean writable = ctx.channel().isWritable();
    if (other != null && !other.ended) {
      other.channel().config().setAutoRead(writable);
    }
    ctx.fireChannelWritabilityChanged();
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    lastCause = cause;
    if (!(cause instanceof IOException)) {
      // A bug of ours, or TLS that went wrong: nobody else would end the connection.
      relay.aborted(party, NetworkFailure.text(cause));
    }
  }

  /**
   * Whether this side ended its stream in order and then closed the connection without waiting for
   * the other's end, as plain TLS has it. Its handlers are gone, and what is written fails unheard.
   */
  private boolean isGone() {
    return ended && !channel().isActive();
  }

  /** Whether this side has said all that it will ever say. */
  boolean hasEnded() {
    return ended;
  }

  /** Leaves the pipeline, which goes on without the relay. */
  void leave() {
    context().pipeline().remove(this);
  }

  boolean isEndPassedOn() {
    return endPassedOn;
  }

  /** Takes out what arrived before any start, for the splice to carry. */
  Splice.Early takeEarly() {
    CompositeByteBuf bytes = Unpooled.compositeBuffer();
    boolean end = false;
    for (Object message = early.poll(); message != null; message = early.poll()) {
      if (message instanceof ByteBuf buffer) {
        bytes.addComponent(true, buffer);
      } else {
        end |= message == StreamSignal.END;
      }
    }
    return new Splice.Early(bytes, end);
  }

  void release() {
    early.forEach(ReferenceCountUtil::release);
    early.clear();
  }

  void close() {
    context().close();
  }

  /** Tells this side that the stream broke, unless it was the one that said so. */
  void abort(boolean saidSoItself) {
    ChannelHandlerContext to = context();
    if (saidSoItself) {
      to.close();
      return;
    }
    // Closing with bytes unread sends a reset, which could overtake the ABORT: so the rest is read
    // (and dropped), and the peer, who closes when it hears of it, gets a moment to do so.
    to.channel().config().setAutoRead(true);
    to.writeAndFlush(StreamSignal.ABORT)
        .addListener(
            said -> to.executor().schedule(() -> to.close(), LAST_WORD_SECONDS, TimeUnit.SECONDS));
    // A peer that reads nothing never hears it: then a reset has to do.
    to.executor().schedule(() -> Reset.now(to.channel()), ABORT_SECONDS, TimeUnit.SECONDS);
  }

  Channel channel() {
    return context().channel();
  }

  void execute(Runnable task) {
    context().executor().execute(task);
  }

  ChannelHandlerContext context() {
    return Objects.requireNonNull(ctx, "not in a pipeline yet");
  }
}
