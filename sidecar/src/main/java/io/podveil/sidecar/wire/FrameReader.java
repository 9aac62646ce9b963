package io.podveil.sidecar.wire;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/** Cuts the bytes of one direction into messages, however they arrive. */
final class FrameReader {
  private int header;
  private int headerBytes;
  private FrameType type = FrameType.EXTENSION;

  /** Bytes of the present frame's payload still to come. */
  private int missing;

  /** The payload of a HELLO so far, the only one that is gathered. */
  private byte[] hello = {};

  /**
   * The next message in these bytes: a piece of DATA, a {@link StreamSignal}, a {@link Hello} or an
   * {@link Accept}; null when the bytes are used up. A piece of DATA is a slice that the caller
   * owns, or the buffer itself when nothing else is left in it.
   */
  @Nullable Object next(ByteBuf in) throws ProtocolViolation {
    while (in.isReadable()) {
      if (headerBytes < FrameType.HEADER && !readHeader(in)) {
        return null;
      }
      Object message = readPayload(in);
      if (missing == 0) {
        headerBytes = 0;
      }
      if (message != null) {
        return message;
      }
    }
    return null;
  }

  /**
   * Takes DATA frames, and what there is of a last one, as long as nothing else comes; their
   * payloads are moved together in the buffer, behind the header of the first. What is not taken
   * remains readable, for {@link #next}.
   *
   * @return where the payload begins in the buffer, in the upper half, and its length in the lower
   */
  long takeData(ByteBuf in) {
    int start = in.readerIndex();
    int end = -1;
    while (in.isReadable() && (isInsideData() || beginData(in))) {
      int length = Math.min(missing, in.readableBytes());
      if (end < 0) {
        start = in.readerIndex();
        end = start;
      } else {
        in.setBytes(end, in, in.readerIndex(), length);
      }
      end += length;
      in.skipBytes(length);
      missing -= length;
      if (missing == 0) {
        headerBytes = 0;
      }
    }
    return end < 0 ? 0 : (long) start << 32 | end - start;
  }

  private boolean isInsideData() {
    return headerBytes == FrameType.HEADER && type == FrameType.DATA;
  }

  private boolean beginData(ByteBuf in) {
    if (headerBytes > 0 || in.readableBytes() < FrameType.HEADER) {
      return false;
    }
    int next = in.getInt(in.readerIndex());
    if (!FrameType.isData(next)) {
      return false;
    }
    in.skipBytes(FrameType.HEADER);
    headerBytes = FrameType.HEADER;
    type = FrameType.DATA;
    missing = FrameType.lengthIn(next);
    return true;
  }

  /** Whether the next byte begins a frame or belongs to the payload of a DATA frame. */
  boolean mayTakeData() {
    return headerBytes == 0 || isInsideData();
  }

  /** Whether a frame has begun and not ended. */
  boolean isInsideFrame() {
    return headerBytes > 0;
  }

  private boolean readHeader(ByteBuf in) throws ProtocolViolation {
    while (headerBytes < FrameType.HEADER) {
      if (!in.isReadable()) {
        return false;
      }
      header = header << 8 | in.readUnsignedByte();
      headerBytes++;
    }
    type = FrameType.ofHeader(header);
    missing = FrameType.lengthIn(header);
    if (type == FrameType.HELLO) {
      hello = new byte[missing];
    }
    return true;
  }

  private @Nullable Object readPayload(ByteBuf in) throws ProtocolViolation {
    int length = Math.min(missing, in.readableBytes());
    missing -= length;
    return switch (type) {
      case DATA -> readData(in, length);
      case END -> StreamSignal.END;
      case ABORT -> StreamSignal.ABORT;
      case HELLO -> readHello(in, length);
      case ACCEPT -> Accept.ACCEPT;
      case EXTENSION -> {
        in.skipBytes(length);
        yield null;
      }
    };
  }

  private static @Nullable ByteBuf readData(ByteBuf in, int length) {
    if (length == 0) {
      return null;
    }
    return length == in.readableBytes() ? in : in.readRetainedSlice(length);
  }

  private @Nullable Hello readHello(ByteBuf in, int length) throws ProtocolViolation {
    in.readBytes(hello, hello.length - missing - length, length);
    return missing == 0 ? HelloFormat.decode(hello) : null;
  }
}
