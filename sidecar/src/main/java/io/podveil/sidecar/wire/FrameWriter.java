package io.podveil.sidecar.wire;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.util.concurrent.PromiseCombiner;

/** Turns messages into frames. */
@SuppressWarnings("FutureReturnValueIgnored") // the promise tells
final class FrameWriter {
  private FrameWriter() {}

  /** Writes a message that carries no bytes of the app. */
  static void writeControl(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
    byte[] payload = message instanceof Hello hello ? HelloFormat.encode(hello) : new byte[0];
    ByteBuf frame = ctx.alloc().ioBuffer(FrameType.HEADER + payload.length);
    frame.writeInt(FrameType.ofMessage(message).header(payload.length)).writeBytes(payload);
    ctx.write(frame, promise);
  }

  /** Writes bytes of the app, at least one, and takes the buffer over. */
  static void writeData(ChannelHandlerContext ctx, ByteBuf bytes, ChannelPromise promise) {
    int length = bytes.readableBytes();
    if (length <= FrameType.MAX_LENGTH && claimHeadroom(bytes)) {
      bytes.setInt(bytes.readerIndex(), FrameType.DATA.header(length));
      ctx.write(bytes, promise);
    } else {
      writeHeadersApart(ctx, bytes, promise);
    }
  }

  /**
   * Moves the buffer's start back by a header, if the bytes there are nobody's. A derived buffer
   * has a reference count of its own while others see the same memory, so it never qualifies; but a
   * leak detector's wrapper does: it is told from a derived buffer by sharing its indices with what
   * it wraps.
   */
  private static boolean claimHeadroom(ByteBuf bytes) {
    int start = bytes.readerIndex() - FrameType.HEADER;
    if (start < 0 || bytes.refCnt() != 1 || bytes.isReadOnly() || !bytes.isContiguous()) {
      return false;
    }
    ByteBuf whole = bytes.unwrap() == null ? bytes : bytes.unwrap();
    boolean aligned = whole.unwrap() == null && whole.readerIndex() == bytes.readerIndex();
    bytes.readerIndex(start);
    if (aligned && whole.readerIndex() == start) {
      return true;
    }
    bytes.readerIndex(start + FrameType.HEADER);
    return false;
  }

  private static void writeHeadersApart(
      ChannelHandlerContext ctx, ByteBuf bytes, ChannelPromise promise) {
    PromiseCombiner all = new PromiseCombiner(ctx.executor());
    while (bytes.readableBytes() > FrameType.MAX_LENGTH) {
      all.add(writeHeader(ctx, FrameType.MAX_LENGTH));
      all.add(ctx.write(bytes.readRetainedSlice(FrameType.MAX_LENGTH)));
    }
    all.add(writeHeader(ctx, bytes.readableBytes()));
    all.add(ctx.write(bytes));
    all.finish(promise);
  }

  private static ChannelFuture writeHeader(ChannelHandlerContext ctx, int length) {
    ByteBuf header = ctx.alloc().ioBuffer(FrameType.HEADER, FrameType.HEADER);
    return ctx.write(header.writeInt(FrameType.DATA.header(length)));
  }
}
