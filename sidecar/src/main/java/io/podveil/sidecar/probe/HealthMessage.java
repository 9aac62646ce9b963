package io.podveil.sidecar.probe;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.OptionalInt;

/**
 * The two messages of grpc.health.v1, with the five bytes that gRPC puts before each: a request is
 * {@code string service = 1}, a response {@code ServingStatus status = 1}. Not worth a library.
 */
final class HealthMessage {
  static final int SERVING = 1;

  private static final int PREFIX = 5;
  private static final int SERVICE_TAG = (1 << 3) | 2;
  private static final int STATUS_TAG = 1 << 3;

  private HealthMessage() {}

  static ByteBuf request(String service) {
    ByteBuf message = Unpooled.buffer();
    byte[] name = service.getBytes(UTF_8);
    message.writeByte(0).writeInt(0);
    if (name.length > 0) {
      message.writeByte(SERVICE_TAG);
      int length = name.length;
      for (; length > 0x7f; length >>>= 7) {
        message.writeByte((length & 0x7f) | 0x80);
      }
      message.writeByte(length).writeBytes(name);
    }
    return message.setInt(1, message.readableBytes() - PREFIX);
  }

  /** The status in a response; empty if it is none. */
  static OptionalInt status(ByteBuf response) {
    try {
      if (response.readByte() != 0 || response.readInt() != response.readableBytes()) {
        return OptionalInt.empty();
      }
      long status = 0;
      while (response.isReadable()) {
        long tag = varint(response);
        if (tag == STATUS_TAG) {
          status = varint(response);
        } else {
          skip(response, (int) (tag & 7));
        }
      }
      return OptionalInt.of((int) status);
    } catch (IndexOutOfBoundsException e) {
      return OptionalInt.empty();
    }
  }

  private static void skip(ByteBuf message, int wireType) {
    switch (wireType) {
      case 0 -> varint(message);
      case 1 -> message.skipBytes(8);
      case 2 -> {
        long length = varint(message);
        message.skipBytes(
            length < 0 || length > message.readableBytes() ? Integer.MAX_VALUE : (int) length);
      }
      case 5 -> message.skipBytes(4);
      default -> throw new IndexOutOfBoundsException("no such wire type");
    }
  }

  private static long varint(ByteBuf message) {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      int next = message.readByte();
      value |= (long) (next & 0x7f) << shift;
      if (next >= 0) {
        return value;
      }
    }
    throw new IndexOutOfBoundsException("no varint is longer");
  }
}
