package io.podveil.sidecar.net;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.unix.Socket;
import io.netty.channel.unix.UnixChannel;
import java.io.IOException;
import java.util.Optional;

/**
 * The socket of a Netty channel, used without Netty for as long as nothing but bytes goes over it.
 * Its readiness goes to a listener, and bytes go between it and memory of the caller's. The socket
 * stays registered as it is, so that neither taking it over nor giving it back costs a system call.
 *
 * <p>All of it happens on the channel's event loop. Whatever is not bytes is left to Netty: the end
 * of the stream, errors, closing. So is what the socket doesn't take at once: while it waits in the
 * channel to be written, nobody may {@link #send}.
 */
public final class DirectSocket {
  /** Whoever uses the socket directly. */
  public interface Listener {
    /** There may be bytes; told once, until everything was read or {@link #readAgain} was asked. */
    void readable();

    /** Something else happened, and Netty will see to it: the socket has to be given back now. */
    void interrupted();
  }

  private final Channel channel;
  private final Socket socket;
  private final TappedHandle handle;

  private DirectSocket(Channel channel, TappedHandle handle) {
    this.channel = channel;
    this.socket = (Socket) ((UnixChannel) channel).fd();
    this.handle = handle;
  }

  /** Empty where the channel is none of our event loops' sockets. */
  public static Optional<DirectSocket> of(Channel channel) {
    return TappedHandle.of(channel).map(handle -> new DirectSocket(channel, handle));
  }

  /** Whether nothing waits in the channel to be written, and it reads all the time. */
  public boolean isQuiet() {
    // There is none any more once the channel was closed or its output was shut down.
    ChannelOutboundBuffer waiting = channel.unsafe().outboundBuffer();
    return waiting != null
        && waiting.isEmpty()
        && waiting.totalPendingWriteBytes() == 0
        && channel.config().isAutoRead();
  }

  /**
   * From here on the listener is told; what is there already will be seen by {@link #readAgain}.
   */
  public void takeOver(Listener listener) {
    handle.listener(listener);
  }

  /** From here on it is Netty's again, which looks at once whether there is something to read. */
  public void giveBack() {
    handle.listener(null);
    // Its edge may have been seen by us; and with AUTO_READ off Netty asks epoll anew later.
    if (channel.config().isAutoRead()) {
      readAgain();
    }
  }

  /** Lets whose it is then look once more, after the other connections had their turn. */
  public void readAgain() {
    channel.eventLoop().execute(handle::readable);
  }

  /**
   * Reads what is there.
   *
   * @return how many bytes; 0 for none, -1 for the end of the stream
   * @throws IOException a reset, of which Netty won't hear again
   */
  public int receive(long address, int from, int to) throws IOException {
    return socket.recvAddress(address, from, to);
  }

  /**
   * Writes what the socket takes.
   *
   * @return how many bytes; fewer than given when its buffer is full
   */
  public int send(long address, int from, int to) throws IOException {
    return socket.sendAddress(address, from, to);
  }
}
