package io.podveil.sidecar.egress;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.util.ReferenceCountUtil;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Connections to sidecars between two app connections. Only for the address and port that they were
 * dialled for, so that a NetworkPolicy that let the first one through means the same for the next.
 * Thread-safe.
 */
public final class IdleLinks {
  /** Well below what the other side waits, so that it is we who close. */
  static final Duration LONGEST = Duration.ofSeconds(60);

  /** Of all destinations together: each holds a descriptor and some 10 KiB, here and there. */
  private static final int CAPACITY = 512;

  private final int capacity;

  /** A record's own {@code equals} would be made up when the first connection needs it: 4 ms. */
  private record Place(EventLoop loop, InetSocketAddress address) {
    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Place(EventLoop otherLoop, InetSocketAddress otherAddress)
          && loop.equals(otherLoop)
          && address.equals(otherAddress);
    }

    @Override
    public int hashCode() {
      return address.hashCode();
    }
  }

  private record Idle(Link link, long sinceNanos) {}

  private final int each;
  // Guarded by this. The one used last is at the end: it is taken first, and the others may age.
  private final Map<Place, Deque<Idle>> places = new HashMap<>();
  private int size;
  private boolean closed;

  /**
   * Starts empty.
   *
   * @param each how many to keep per destination; 0 keeps none
   * @param all how many to keep in all, of at most 512
   */
  public IdleLinks(int each, int all) {
    this.each = each;
    this.capacity = Math.min(all, CAPACITY);
  }

  /** Takes a link in, on its event loop; one that has no place here is closed. */
  void keep(Link link) {
    if (!admit(link)) {
      link.wire().close();
      return;
    }
    link.wire().pipeline().addLast(new Rest(link));
    // Or we would not notice when the other side closes.
    link.wire().config().setAutoRead(true);
  }

  private synchronized boolean admit(Link link) {
    Deque<Idle> there = places.computeIfAbsent(place(link), unknown -> new ArrayDeque<>(2));
    if (closed || size >= capacity || there.size() >= each || !link.isIdle()) {
      return false;
    }
    there.addLast(new Idle(link, System.nanoTime()));
    size++;
    return true;
  }

  /** Takes one out that leads there; those that do not fit any more are closed. */
  Optional<Link> take(EventLoop loop, InetSocketAddress address, Predicate<Link> fits) {
    for (Optional<Link> link = poll(loop, address); link.isPresent(); link = poll(loop, address)) {
      if (link.get().isIdle() && fits.test(link.get())) {
        link.get().wire().pipeline().remove(Rest.class);
        return link;
      }
      link.get().wire().close();
    }
    return Optional.empty();
  }

  private synchronized Optional<Link> poll(EventLoop loop, InetSocketAddress address) {
    Place place = new Place(loop, address);
    Deque<Idle> there = places.get(place);
    if (there == null) {
      return Optional.empty();
    }
    Idle last = there.pollLast();
    if (there.isEmpty()) {
      places.remove(place);
    }
    if (last == null) {
      return Optional.empty();
    }
    size--;
    return Optional.of(last.link());
  }

  private synchronized void forget(Link link) {
    Deque<Idle> there = places.get(place(link));
    if (there != null && there.removeIf(idle -> idle.link().wire().equals(link.wire()))) {
      size--;
      if (there.isEmpty()) {
        places.remove(place(link));
      }
    }
  }

  /** To be called every few seconds: closes what has been idle for too long. */
  public void sweep() {
    long eldest = System.nanoTime() - LONGEST.toNanos();
    all().stream()
        .filter(idle -> idle.sinceNanos() - eldest < 0)
        .forEach(idle -> idle.link().wire().close());
  }

  /** Closes all there are, for what they were made with is no longer in force. */
  public void closeAll() {
    all().forEach(idle -> idle.link().wire().close());
  }

  /** Closes all there are, and takes no more. */
  public void close() {
    synchronized (this) {
      closed = true;
    }
    closeAll();
  }

  /** How many there are. */
  public synchronized int size() {
    return size;
  }

  private synchronized List<Idle> all() {
    return places.values().stream().flatMap(Deque::stream).toList();
  }

  private static Place place(Link link) {
    return new Place(link.wire().eventLoop(), link.address());
  }

  /** The end of an idle pipeline: whatever comes now, nobody asked for. */
  private final class Rest extends ChannelInboundHandlerAdapter {
    private final Link link;

    Rest(Link link) {
      this.link = link;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      ReferenceCountUtil.release(message);
      ctx.close();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      forget(link);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }
}
