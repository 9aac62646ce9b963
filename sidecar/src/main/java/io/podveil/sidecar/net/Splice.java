package io.podveil.sidecar.net;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.IoEventLoop;
import java.io.IOException;
import java.util.function.Function;

/**
 * Joins two connected sockets in the kernel with splice(2): no byte is copied to user space. It
 * takes the sockets away from their Netty channels, which from then on only own the descriptors,
 * and registers them edge-triggered on the same event loop. Netty's own {@code spliceTo} is no
 * substitute: it shuts a socket's input as soon as the peer's FIN is announced, with bytes still in
 * the queue.
 *
 * <p>Half-close is carried as half-close, a reset as a reset.
 */
public final class Splice {
  /** What one side of the splice did; called on the event loop. */
  public interface Observer {
    /** Bytes that were passed on; from the first socket to the second or the other way round. */
    void moved(long bytes, Side from);

    /** Both directions ended in order, and both sockets are closed. */
    void completed();

    /** Reset by one side, which the other was told by a reset too; both sockets are closed. */
    void reset(Side by, IOException cause);
  }

  /** The sockets by their order in {@link #join}. */
  public enum Side {
    FIRST,
    SECOND
  }

  /**
   * What a channel had read before it was joined; splicing sends it first.
   *
   * @param bytes released by the splice; may be empty
   * @param ended whether the end of its stream was read as well
   */
  public record Early(ByteBuf bytes, boolean ended) {}

  private final Channel first;
  private final Channel second;
  private final Observer observer;
  private final SpliceSocket a;
  private final SpliceSocket b;
  private boolean over;

  private Splice(Channel first, Channel second, Observer observer) {
    this.first = first;
    this.second = second;
    this.observer = observer;
    this.a = new SpliceSocket(first, this);
    this.b = new SpliceSocket(second, this);
  }

  /** Both channels are connected and belong to the same event loop, which calls this. */
  public static Splice join(Channel first, Channel second, Observer observer) {
    return new Splice(first, second, observer);
  }

  /**
   * Starts once both channels have left the event loop.
   *
   * @param early asked then, since bytes may be read up to that moment
   */
  public void start(Function<Side, Early> early) {
    first.deregister().addListener(one -> second.deregister().addListener(two -> takeOver(early)));
  }

  private void takeOver(Function<Side, Early> early) {
    if (over) {
      return;
    }
    // From here on Netty closes neither of its own accord. One that it closed before must not be
    // touched: its descriptor may be somebody else's by now.
    if (!first.isOpen() || !second.isOpen()) {
      reset(first.isOpen() ? Side.SECOND : Side.FIRST, new IOException("reset"));
      return;
    }
    a.prefix(early.apply(Side.FIRST));
    b.prefix(early.apply(Side.SECOND));
    IoEventLoop loop = (IoEventLoop) first.eventLoop();
    a.register(loop);
    b.register(loop);
    pump();
  }

  /** Moves what can be moved, in both directions. */
  void pump() {
    if (over) {
      return;
    }
    boolean more = pump(a, b, Side.FIRST);
    if (!over) {
      more |= pump(b, a, Side.SECOND);
    }
    if (over) {
      return;
    }
    if (a.drained() && b.drained()) {
      over();
      observer.completed();
    } else if (more) {
      // The edge is consumed; what one connection has left over waits until the others had theirs.
      EventLoop loop = first.eventLoop();
      loop.execute(this::pump);
    }
  }

  private boolean pump(SpliceSocket from, SpliceSocket to, Side side) {
    SpliceSocket.Moved moved = from.moveTo(to);
    if (moved.bytes() > 0) {
      observer.moved(moved.bytes(), side);
    }
    switch (moved.then()) {
      case SpliceSocket.Wait w -> {}
      case SpliceSocket.More m -> {
        return true;
      }
      case SpliceSocket.BrokenSource(IOException cause) -> reset(side, cause);
      case SpliceSocket.BrokenSink(IOException cause) ->
          reset(side == Side.FIRST ? Side.SECOND : Side.FIRST, cause);
    }
    return false;
  }

  void reset(Side by, IOException cause) {
    if (abort()) {
      observer.reset(by, cause);
    }
  }

  /**
   * Ends both connections with a reset, for example at the end of a drain; the observer is not
   * told.
   *
   * @return false if they had ended before
   */
  public boolean abort() {
    if (over) {
      return false;
    }
    over();
    Reset.now(first);
    Reset.now(second);
    return true;
  }

  void socketFailed(SpliceSocket socket, IOException cause) {
    reset(socket == a ? Side.FIRST : Side.SECOND, cause);
  }

  private void over() {
    over = true;
    a.unregister();
    b.unregister();
    if (a.drained() && b.drained()) {
      Reset.disarm(first);
      Reset.disarm(second);
      first.close();
      second.close();
    }
  }
}
