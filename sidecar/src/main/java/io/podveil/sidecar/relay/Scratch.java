package io.podveil.sidecar.relay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.concurrent.FastThreadLocal;
import java.nio.ByteBuffer;

/**
 * Where an event loop's {@link FastPath}s read to, encrypt and decrypt, one after the other:
 * nothing stays in here from one event to the next.
 */
final class Scratch {
  /** What is read at once, a frame's header included: eight full TLS records. */
  static final int READ = 128 * 1024;

  /**
   * Room for what TLS adds to so much, with a record for each 16 KiB (RFC 8446 section 5.2), and
   * for a record of which the engine had the beginning before.
   */
  private static final int SPARE = 32 * 1024;

  private static final FastThreadLocal<Scratch> OF_LOOP =
      new FastThreadLocal<>() {
        @Override
        protected Scratch initialValue() {
          return new Scratch();
        }

        @Override
        protected void onRemoval(Scratch scratch) {
          scratch.plainBytes.release();
          scratch.cipherBytes.release();
        }
      };

  final ByteBuf plainBytes = PooledByteBufAllocator.DEFAULT.directBuffer(READ + SPARE);
  final ByteBuf cipherBytes = PooledByteBufAllocator.DEFAULT.directBuffer(READ + SPARE);

  /** The same memory for the engine. */
  final ByteBuffer plain = plainBytes.nioBuffer(0, READ + SPARE);

  final ByteBuffer cipher = cipherBytes.nioBuffer(0, READ + SPARE);

  /** The same for the sockets. */
  final long plainAddress = plainBytes.memoryAddress();

  final long cipherAddress = cipherBytes.memoryAddress();

  private Scratch() {}

  static Scratch ofThisLoop() {
    return OF_LOOP.get();
  }
}
