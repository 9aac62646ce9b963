package io.podveil.sidecar.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.util.UncheckedBooleanSupplier;

/**
 * Reads from the app into buffers whose first bytes are kept free for a frame header. Sizes follow
 * the traffic, from half a kilobyte up to 128 KiB.
 */
public final class HeadroomAllocator extends AdaptiveRecvByteBufAllocator {
  private static final int SMALLEST = 512;
  private static final int FIRST = 2 * 1024;
  private static final int LARGEST = 128 * 1024;

  public HeadroomAllocator() {
    super(SMALLEST, FIRST, LARGEST);
  }

  @Override
  @SuppressWarnings("deprecation") // the return type Netty still declares
  public RecvByteBufAllocator.Handle newHandle() {
    return new HeadroomHandle((ExtendedHandle) super.newHandle());
  }

  /**
   * The headroom counts as attempted and as read. So a guess is the size of a whole buffer, a power
   * of two that the allocator serves without waste, and a buffer read full is still seen as full,
   * which is what makes guesses grow.
   */
  @SuppressWarnings("deprecation")
  private static final class HeadroomHandle extends DelegatingHandle implements ExtendedHandle {
    private static final int HEADROOM = FrameType.HEADER;

    private final ExtendedHandle adaptive;

    HeadroomHandle(ExtendedHandle adaptive) {
      super(adaptive);
      this.adaptive = adaptive;
    }

    @Override
    public ByteBuf allocate(ByteBufAllocator allocator) {
      return adaptive.allocate(allocator).setIndex(HEADROOM, HEADROOM);
    }

    @Override
    public void attemptedBytesRead(int bytes) {
      adaptive.attemptedBytesRead(HEADROOM + bytes);
    }

    @Override
    public int attemptedBytesRead() {
      return adaptive.attemptedBytesRead() - HEADROOM;
    }

    @Override
    public void lastBytesRead(int bytes) {
      adaptive.lastBytesRead(bytes > 0 ? HEADROOM + bytes : bytes);
    }

    @Override
    public int lastBytesRead() {
      int bytes = adaptive.lastBytesRead();
      return bytes > 0 ? bytes - HEADROOM : bytes;
    }

    @Override
    public boolean continueReading(UncheckedBooleanSupplier maybeMoreData) {
      return adaptive.continueReading(maybeMoreData);
    }
  }
}
