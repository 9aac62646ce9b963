package io.podveil.sidecar.relay;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.podveil.sidecar.net.DirectSocket;
import java.io.IOException;

/** One direction of a {@link FastPath}. What its sink doesn't take at once is waited for. */
final class DirectFlow implements DirectSocket.Listener {
  /** Reads of one socket before the others get their turn. */
  private static final int ROUNDS = 4;

  /** What lies between the two sockets. */
  interface Stage {
    /** Where to read to: from the offset up to {@link Scratch#READ}. */
    ByteBuf readTo(Scratch scratch);

    int offset();

    /** Turns what was read into what is to be sent, and sends it. */
    void pass(Scratch scratch, int bytes) throws IOException;

    /** The source has failed, and doesn't say so twice. */
    void broken(IOException e);
  }

  private final FastPath path;
  private final DirectSocket source;
  private final DirectSocket sink;
  private final Stage stage;
  private boolean blocked;
  private boolean over;

  DirectFlow(FastPath path, DirectSocket source, DirectSocket sink, Stage stage) {
    this.path = path;
    this.source = source;
    this.sink = sink;
    this.stage = stage;
  }

  /** Takes the source over. */
  void begin() {
    source.takeOver(this);
    // What came in before has been announced to Netty alone.
    source.readAgain();
  }

  /** Gives the source back. */
  void end() {
    over = true;
    source.giveBack();
  }

  @Override
  public void readable() {
    Scratch scratch = Scratch.ofThisLoop();
    int round = 0;
    while (!over && !blocked && round < ROUNDS && read(scratch)) {
      round++;
    }
    if (round == ROUNDS) {
      source.readAgain();
    }
  }

  /** Reads once; returns whether there may be more. */
  private boolean read(Scratch scratch) {
    int bytes;
    try {
      bytes = source.receive(stage.readTo(scratch).memoryAddress(), stage.offset(), Scratch.READ);
    } catch (IOException e) {
      path.leave();
      stage.broken(e);
      return false;
    }
    if (bytes < 0) {
      // The end of the stream; Netty sees it, too.
      path.leave();
    }
    if (bytes <= 0) {
      return false;
    }
    try {
      stage.pass(scratch, bytes);
    } catch (IOException | RuntimeException e) {
      path.fail(e);
    }
    return stage.offset() + bytes == Scratch.READ;
  }

  /**
   * Sends bytes. Those that have to wait, and the failure where there is one, are a matter for the
   * sink's pipeline; nothing is read until they are gone.
   */
  void send(ByteBuf bytes, int start, int length, ChannelHandlerContext pipeline) {
    int sent;
    try {
      sent = sink.send(bytes.memoryAddress(), start, start + length);
    } catch (IOException e) {
      // It fails there once more.
      sent = 0;
    }
    if (sent < length) {
      blocked = true;
      ByteBuf rest = pipeline.alloc().directBuffer(length - sent);
      rest.writeBytes(bytes, start + sent, length - sent);
      pipeline.writeAndFlush(rest).addListener(written -> unblocked());
    }
  }

  /** May be told within {@link #send}, of which there is still something left to do then. */
  private void unblocked() {
    blocked = false;
    if (!over) {
      source.readAgain();
    }
  }

  @Override
  public void interrupted() {
    path.leave();
  }
}
