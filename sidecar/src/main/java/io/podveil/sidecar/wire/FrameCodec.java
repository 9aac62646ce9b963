package io.podveil.sidecar.wire;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.util.ReferenceCountUtil;
import io.podveil.sidecar.wire.Conversation.Direction;
import io.podveil.sidecar.wire.Conversation.Role;
import java.nio.channels.ClosedChannelException;

/**
 * podveil/1, right behind the SslHandler. Both ways a message is a {@link ByteBuf} with bytes of
 * the app, a {@link StreamSignal}, a {@link Hello} or an {@link Accept}.
 *
 * <p>Inbound, bytes are passed on as they arrive. A connection that is lost while an app connection
 * is under way is an {@link StreamSignal#ABORT}, and so is a violation of the protocol, right after
 * a {@link ProtocolViolation} went through exceptionCaught. There is one ABORT at most, what the
 * peer sends after it or after an ABORT of our own is thrown away, and it is for the owner of the
 * channel to close it. A connection that ends between two app connections is no more than a
 * channelInactive.
 *
 * <p>Outbound, what the protocol does not allow at that moment fails with an IllegalStateException:
 * a bug of ours. Once the connection is broken, writes fail with a ClosedChannelException. ABORT
 * may always be written; where no frame can say it any more (after our END) it closes the channel,
 * which the peer takes for an ABORT.
 */
public final class FrameCodec extends ChannelDuplexHandler {
  /** Bytes in front of the app's. */
  public static final int DATA_HEADER = FrameType.HEADER;

  private final Role role;
  private final FrameReader reader = new FrameReader();
  private Conversation conversation = Conversation.IDLE;
  private boolean lost;

  /**
   * Whether something was read since the last channelReadComplete, and whether any of it was passed
   * on.
   */
  private boolean received;

  private boolean delivered;

  private FrameCodec(Role role) {
    this.role = role;
  }

  /** For the side that opened the connection. */
  public static FrameCodec client() {
    return new FrameCodec(Role.CLIENT);
  }

  /** For the side that accepted the connection. */
  public static FrameCodec server() {
    return new FrameCodec(Role.SERVER);
  }

  /** Whether the connection is clean and between app connections, so that a Hello may come next. */
  public boolean isIdle() {
    return isBetweenConnections() && !lost;
  }

  /**
   * Whether both directions are open, so that DATA may come and go past this handler: {@link
   * #takeData} instead of reads, and {@link #DATA_HEADER} bytes by {@link #dataHeader} in front of
   * what is written.
   */
  public boolean isOpen() {
    return conversation.client() == Direction.OPEN
        && conversation.server() == Direction.OPEN
        && reader.mayTakeData()
        && !lost;
  }

  /**
   * Takes the DATA frames from bytes that came past this handler. What remains readable has to be
   * given to {@link #channelRead}.
   *
   * @return where in the buffer their payload stands, moved together: its index in the upper half,
   *     its length in the lower
   */
  public long takeData(ByteBuf in) {
    return reader.takeData(in);
  }

  /** What stands, big endian, in front of so many bytes of the app: 1 to 2^24-1. */
  public static int dataHeader(int length) {
    return FrameType.DATA.header(length);
  }

  private boolean isBetweenConnections() {
    return conversation.isIdle() && !reader.isInsideFrame();
  }

  /**
   * Whether the connection went away by itself. Asked when an ABORT arrives, it tells a loss from
   * an ABORT that the peer sent: a reused connection that is lost before its ACCEPT may be replaced
   * by a fresh one.
   */
  public boolean isLost() {
    return lost;
  }

  @Override
  @SuppressWarnings("ReferenceEquality") // asks whether it is this very buffer
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    received = true;
    ByteBuf in = (ByteBuf) message;
    boolean passedOn = false;
    try {
      while (!passedOn && in.isReadable() && !isBroken()) {
        Object next = reader.next(in);
        if (next != null) {
          passedOn = next == in;
          deliver(ctx, next);
        }
      }
    } catch (ProtocolViolation violation) {
      ctx.fireExceptionCaught(violation);
      abort(ctx);
    } finally {
      if (!passedOn) {
        in.release();
      }
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext ctx) {
    // Whoever asked for a read with AUTO_READ off waits for a message: half a header is none.
    boolean hungry = received && !delivered && !ctx.channel().config().isAutoRead();
    received = false;
    delivered = false;
    if (hungry) {
      ctx.read();
    }
    ctx.fireChannelReadComplete();
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    lose(ctx);
    ctx.fireChannelInactive();
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof SslCloseCompletionEvent
        || event instanceof ChannelInputShutdownEvent
        || event instanceof ChannelInputShutdownReadComplete) {
      lose(ctx);
    }
    ctx.fireUserEventTriggered(event);
  }

  @Override
  @SuppressWarnings("FutureReturnValueIgnored") // the promise tells
  public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
    if (message instanceof ByteBuf bytes && !bytes.isReadable()) {
      ctx.write(message, promise);
      return;
    }
    FrameType type = FrameType.ofMessage(message);
    Conversation next = conversation.after(role, type);
    if (next == null) {
      refuse(ctx, message, type, promise);
      return;
    }
    conversation = next;
    if (message instanceof ByteBuf bytes) {
      FrameWriter.writeData(ctx, bytes, promise);
    } else {
      FrameWriter.writeControl(ctx, message, promise);
    }
  }

  private void deliver(ChannelHandlerContext ctx, Object message) throws ProtocolViolation {
    FrameType type = FrameType.ofMessage(message);
    Conversation next = conversation.after(role.peer(), type);
    if (next == null) {
      ReferenceCountUtil.release(message);
      throw new ProtocolViolation(
          "peer sent %s while its direction was %s; does it speak another version of podveil?"
              .formatted(type, conversation.of(role.peer())));
    }
    conversation = next;
    delivered = true;
    ctx.fireChannelRead(message);
  }

  @SuppressWarnings("FutureReturnValueIgnored") // the promise tells
  private void refuse(
      ChannelHandlerContext ctx, Object message, FrameType type, ChannelPromise promise) {
    ReferenceCountUtil.release(message);
    if (type == FrameType.ABORT) {
      conversation = Conversation.BROKEN;
      ctx.close(promise.unvoid());
    } else if (isBroken()) {
      promise.tryFailure(new ClosedChannelException());
    } else {
      promise.tryFailure(
          new IllegalStateException(
              "%s written while our direction was %s".formatted(type, conversation.of(role))));
    }
  }

  private void lose(ChannelHandlerContext ctx) {
    lost = true;
    // Told more than once, by TLS and by TCP: a HELLO that was written in between is lost as well.
    if (!isBetweenConnections()) {
      abort(ctx);
    }
  }

  private void abort(ChannelHandlerContext ctx) {
    if (!isBroken()) {
      conversation = Conversation.BROKEN;
      delivered = true;
      ctx.fireChannelRead(StreamSignal.ABORT);
    }
  }

  private boolean isBroken() {
    return conversation.isBroken();
  }
}
