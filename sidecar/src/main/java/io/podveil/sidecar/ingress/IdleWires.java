package io.podveil.sidecar.ingress;

import io.netty.channel.Channel;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Connections of peers that wait for the peer's next HELLO, bounded in their number. Thread-safe.
 */
public final class IdleWires {
  /** Each holds a descriptor and some 10 KiB; beyond it a peer has to shake hands again. */
  private static final int CAPACITY = 1024;

  private final int capacity;
  private final Set<Channel> wires = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /**
   * Starts empty.
   *
   * @param all how many to keep, of at most 1024
   */
  public IdleWires(int all) {
    this.capacity = Math.min(all, CAPACITY);
  }

  /** Takes it in; false when there is no room, or no future. */
  boolean keep(Channel wire) {
    if (closed || wires.size() >= capacity) {
      return false;
    }
    wires.add(wire);
    // The other thread may have closed all there were in between.
    return !closed;
  }

  /** It is not idle any more, or gone. */
  void forget(Channel wire) {
    wires.remove(wire);
  }

  /** Closes all there are, for what they were made with is no longer in force. */
  public void closeAll() {
    wires.forEach(Channel::close);
  }

  /** Closes all there are, and takes no more. */
  public void close() {
    closed = true;
    closeAll();
  }

  /** How many there are. */
  public int size() {
    return wires.size();
  }
}
