package io.podveil.sidecar.wire;

import io.netty.buffer.ByteBuf;

/** The frames of podveil/1, and how long each may be. */
enum FrameType {
  DATA(0, 1, FrameType.MAX_LENGTH),
  END(1, 0, 0),
  ABORT(2, 0, 0),
  HELLO(3, 1, 1024),
  ACCEPT(4, 0, 0),
  /** Any type from 128 up: a later version's addition that this one may ignore. */
  EXTENSION(128, 0, FrameType.MAX_LENGTH);

  /** Bytes of type and length in front of every payload. */
  static final int HEADER = 4;

  /** What three bytes of length can say. */
  static final int MAX_LENGTH = (1 << 24) - 1;

  private static final FrameType[] BY_CODE = {DATA, END, ABORT, HELLO, ACCEPT};

  private final int code;
  private final int minLength;
  private final int maxLength;

  FrameType(int code, int minLength, int maxLength) {
    this.code = code;
    this.minLength = minLength;
    this.maxLength = maxLength;
  }

  /** The header of a frame of this type, as it goes over the wire, big endian. */
  int header(int length) {
    return code << 24 | length;
  }

  /** The type a header names, once the length beside it is known to be a legal one. */
  static FrameType ofHeader(int header) throws ProtocolViolation {
    FrameType type = ofCode(header >>> 24);
    int length = lengthIn(header);
    if (length < type.minLength || length > type.maxLength) {
      throw new ProtocolViolation(
          "peer sent %s of %d bytes, allowed are %d to %d; does it speak another version of podveil?"
              .formatted(type, length, type.minLength, type.maxLength));
    }
    return type;
  }

  /** Whether it is the header of a DATA frame, a legal one. */
  static boolean isData(int header) {
    return header >>> 24 == DATA.code && lengthIn(header) >= DATA.minLength;
  }

  static int lengthIn(int header) {
    return header & MAX_LENGTH;
  }

  /** The type that carries a message of the pipeline. */
  static FrameType ofMessage(Object message) {
    // No switch over types: it is put together when it is first run, in milliseconds that the first
    // connection would wait.
    if (message instanceof ByteBuf) {
      return DATA;
    }
    if (message instanceof StreamSignal signal) {
      return signal == StreamSignal.END ? END : ABORT;
    }
    if (message instanceof Hello) {
      return HELLO;
    }
    if (message instanceof Accept) {
      return ACCEPT;
    }
    throw new IllegalArgumentException("no frame carries a " + message.getClass().getName());
  }

  private static FrameType ofCode(int code) throws ProtocolViolation {
    if (code >= EXTENSION.code) {
      return EXTENSION;
    }
    if (code >= BY_CODE.length) {
      throw new ProtocolViolation(
          "peer sent a frame of unknown type "
              + code
              + "; does it speak another version of podveil?");
    }
    return BY_CODE[code];
  }
}
