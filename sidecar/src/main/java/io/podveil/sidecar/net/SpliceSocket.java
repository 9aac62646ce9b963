package io.podveil.sidecar.net;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.IoEvent;
import io.netty.channel.IoEventLoop;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoEvent;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.epoll.Native;
import io.netty.channel.unix.FileDescriptor;
import io.netty.channel.unix.Socket;
import io.netty.channel.unix.UnixChannel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.NotYetConnectedException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One socket of a {@link Splice}: its readiness, and the pipe that leads out of it. */
final class SpliceSocket implements EpollIoHandle {
  private static final EpollIoOps ALL_EDGES =
      EpollIoOps.EPOLLET
          .with(EpollIoOps.EPOLLIN)
          .with(EpollIoOps.EPOLLOUT)
          .with(EpollIoOps.EPOLLRDHUP);

  /** Rounds of up to a pipe's content (64 KiB) before the other connections get their turn. */
  private static final int ROUNDS = 16;

  private static final int CHUNK = 1 << 20;

  /** What a round of moving bytes led to. */
  sealed interface Then {}

  /** Nothing to do until the next event. */
  record Wait() implements Then {}

  /** There is more to move at once. */
  record More() implements Then {}

  /** The socket read from failed: reset by its peer. */
  record BrokenSource(IOException cause) implements Then {}

  /** The socket written to failed: reset by its peer. */
  record BrokenSink(IOException cause) implements Then {}

  record Moved(long bytes, Then then) {}

  private final Splice splice;
  private final Socket socket;
  private @Nullable IoRegistration registration;
  private @Nullable ByteBuf prefix;
  private @Nullable Pipe pipe;
  private int inPipe;
  private boolean finAnnounced;
  private boolean ended;
  private boolean passedOn;

  SpliceSocket(Channel channel, Splice splice) {
    this.splice = splice;
    this.socket = new Socket(((UnixChannel) channel).fd().intValue());
  }

  void prefix(Splice.Early early) {
    finAnnounced = early.ended();
    if (early.bytes().isReadable()) {
      prefix = early.bytes();
    } else {
      early.bytes().release();
    }
  }

  void register(IoEventLoop loop) {
    loop.register(this)
        .addListener(registered -> {
          if (registered.isSuccess()) {
            registration = (IoRegistration) registered.getNow();
            registration.submit(ALL_EDGES);
          } else {
            splice.socketFailed(this, new IOException(registered.cause()));
          }
        });
  }

  void unregister() {
    if (registration != null) {
      registration.cancel();
    }
    if (prefix != null) {
      prefix.release();
      prefix = null;
    }
    if (pipe != null) {
      pipe.discard();
      pipe = null;
    }
  }

  /** Whether all that this socket sent, and its end, has been passed on. */
  boolean drained() {
    return passedOn;
  }

  Moved moveTo(SpliceSocket sink) {
    long bytes = 0;
    for (int round = 0; round < ROUNDS; round++) {
      try {
        if (!fill()) {
          return new Moved(bytes, new Wait());
        }
      } catch (IOException e) {
        return new Moved(bytes, new BrokenSource(e));
      }
      try {
        if (ended && inPipe == 0 && prefix == null) {
          passedOn = true;
          sink.socket.shutdown(false, true);
          return new Moved(bytes, new Wait());
        }
        int out = empty(sink);
        bytes += out;
        if (out == 0) {
          return new Moved(bytes, new Wait());
        }
      } catch (IOException e) {
        return new Moved(bytes, new BrokenSink(e));
      } catch (NotYetConnectedException e) {
        // Netty's word for ENOTCONN: shutdown(2) of a socket that was reset in the meantime.
        return new Moved(bytes, new BrokenSink(new IOException("reset", e)));
      }
    }
    return new Moved(bytes, new More());
  }

  /** Returns whether there is something to pass on: bytes or the end. */
  private boolean fill() throws IOException {
    if (passedOn) {
      return false;
    }
    if (inPipe > 0 || prefix != null || ended) {
      return true;
    }
    if (pipe == null) {
      pipe = Pipe.take();
    }
    inPipe = Native.splice(socket.intValue(), -1, pipe.in().intValue(), -1, CHUNK);
    if (inPipe == 0) {
      pipe.giveBack();
      pipe = null;
      // Nothing there: with the FIN announced that is the end, otherwise EAGAIN.
      ended = finAnnounced;
    }
    return inPipe > 0 || ended;
  }

  private int empty(SpliceSocket sink) throws IOException {
    if (prefix != null) {
      return sendPrefix(sink, prefix);
    }
    Pipe from = Objects.requireNonNull(pipe);
    int out = Native.splice(from.out().intValue(), -1, sink.socket.intValue(), -1, inPipe);
    inPipe -= out;
    if (inPipe == 0) {
      from.giveBack();
      pipe = null;
    }
    return out;
  }

  private int sendPrefix(SpliceSocket sink, ByteBuf bytes) throws IOException {
    int out = 0;
    if (bytes.isReadable()) {
      ByteBuffer direct = ByteBuffer.allocateDirect(bytes.readableBytes());
      bytes.getBytes(bytes.readerIndex(), direct);
      out = sink.socket.write(direct, 0, direct.capacity());
      bytes.skipBytes(out);
    }
    if (!bytes.isReadable()) {
      bytes.release();
      prefix = null;
    }
    return out;
  }

  @Override
  public FileDescriptor fd() {
    return socket;
  }

  @Override
  public void handle(IoRegistration registration, IoEvent event) {
    EpollIoOps ops = ((EpollIoEvent) event).ops();
    finAnnounced |= ops.contains(EpollIoOps.EPOLLRDHUP);
    splice.pump();
    if (ops.contains(EpollIoOps.EPOLLERR)) {
      // The pump met the error if it had a reason to touch this socket; ask in case it had none.
      try {
        int error = socket.getSoError();
        if (error != 0) {
          splice.socketFailed(this, new IOException("reset (errno " + error + ")"));
        }
      } catch (IOException e) {
        splice.socketFailed(this, e);
      }
    }
  }

  @Override
  public void close() {
    splice.abort();
  }
}
