package io.podveil.sidecar.relay;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import io.netty.handler.ssl.SslHandler;
import io.podveil.sidecar.net.DirectSocket;
import io.podveil.sidecar.relay.Outcome.Party;
import io.podveil.sidecar.wire.FrameCodec;
import java.io.IOException;
import java.util.Optional;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLEngineResult.Status;
import javax.net.ssl.SSLException;

/**
 * The way of bytes between an app and a peer's sidecar while nothing but bytes goes by: from socket
 * to TLS to socket, past both pipelines, in memory that all connections of an event loop share. Of
 * what a request and its answer cost besides the system calls, that saves the larger part.
 *
 * <p>Anything else is none of its business. At an end, a reset or a frame that is not DATA it hands
 * what it has over to the pipelines, whose handlers stand where they stood, and is gone.
 */
final class FastPath {
  private final Relay relay;
  private final RelayEnd app;
  private final RelayEnd wire;
  private final DirectFlow outward;
  private final DirectFlow inward;
  private final FrameCodec frames;
  private final ChannelHandlerContext tls;
  private final SSLEngine engine;
  private boolean left;

  private FastPath(
      Relay relay,
      RelayEnd app,
      RelayEnd wire,
      DirectSocket appSocket,
      DirectSocket wireSocket,
      FrameCodec frames) {
    this.relay = relay;
    this.app = app;
    this.wire = wire;
    this.frames = frames;
    this.tls = wire.channel().pipeline().context(SslHandler.class);
    this.engine = engine(wire);
    this.outward = new DirectFlow(this, appSocket, wireSocket, new Encryption());
    this.inward = new DirectFlow(this, wireSocket, appSocket, new Decryption());
  }

  /**
   * Takes both sockets over, if the peer is a sidecar and both directions are open and quiet. It
   * has to be BoringSSL's engine, which keeps the beginning of a record until the rest comes; the
   * JDK's leaves that to the SslHandler.
   */
  static Optional<FastPath> take(Relay relay, RelayEnd app, RelayEnd wire) {
    FrameCodec frames = wire.channel().pipeline().get(FrameCodec.class);
    if (frames == null
        || !frames.isOpen()
        || !(engine(wire) instanceof ReferenceCountedOpenSslEngine)) {
      return Optional.empty();
    }
    return DirectSocket.of(app.channel())
        .filter(DirectSocket::isQuiet)
        .flatMap(appSocket ->
            DirectSocket.of(wire.channel())
                .filter(DirectSocket::isQuiet)
                .map(wireSocket -> {
                  FastPath path = new FastPath(relay, app, wire, appSocket, wireSocket, frames);
                  path.outward.begin();
                  path.inward.begin();
                  return path;
                }));
  }

  private static SSLEngine engine(RelayEnd wire) {
    return wire.channel().pipeline().get(SslHandler.class).engine();
  }

  /** Gives both sockets back; from here on the pipelines carry everything. */
  void leave() {
    if (!left) {
      left = true;
      outward.end();
      inward.end();
      relay.leftFastPath();
    }
  }

  private ChannelPipeline wirePipeline() {
    return wire.channel().pipeline();
  }

  /** TLS or we have failed; the peer won't hear more than that. */
  void fail(Exception e) {
    leave();
    wirePipeline().fireExceptionCaught(e);
    wire.channel().close();
  }

  /** From the app to the wire. */
  private final class Encryption implements DirectFlow.Stage {
    @Override
    public int offset() {
      return FrameCodec.DATA_HEADER;
    }

    @Override
    public ByteBuf readTo(Scratch scratch) {
      return scratch.plainBytes;
    }

    @Override
    public void pass(Scratch scratch, int bytes) throws IOException {
      scratch.plain.clear().limit(FrameCodec.DATA_HEADER + bytes);
      scratch.plain.putInt(0, FrameCodec.dataHeader(bytes));
      scratch.cipher.clear();
      while (scratch.plain.hasRemaining()) {
        SSLEngineResult result = engine.wrap(scratch.plain, scratch.cipher);
        if (result.getStatus() != Status.OK) {
          throw new SSLException("nothing can be encrypted any more: " + result.getStatus());
        }
      }
      relay.moved(bytes, Party.APP);
      outward.send(scratch.cipherBytes, 0, scratch.cipher.position(), tls);
    }

    @Override
    public void broken(IOException e) {
      app.channel().pipeline().fireExceptionCaught(e);
    }
  }

  /** From the wire to the app. */
  private final class Decryption implements DirectFlow.Stage {
    @Override
    public int offset() {
      return 0;
    }

    @Override
    public ByteBuf readTo(Scratch scratch) {
      return scratch.cipherBytes;
    }

    @Override
    public void pass(Scratch scratch, int bytes) throws IOException {
      scratch.cipher.clear().limit(bytes);
      scratch.plain.clear();
      SSLEngineResult result;
      do {
        result = engine.unwrap(scratch.cipher, scratch.plain);
      } while (scratch.cipher.hasRemaining() && isGoingOn(result));
      ByteBuf plain = scratch.plainBytes.setIndex(0, scratch.plain.position());
      long data = frames.takeData(plain);
      int length = (int) data;
      if (length > 0) {
        relay.moved(length, Party.PEER);
        inward.send(plain, (int) (data >>> 32), length, app.context());
      }
      if (plain.isReadable() || !isGoingOn(result)) {
        somethingElse(plain, result);
      }
    }

    private static boolean isGoingOn(SSLEngineResult result) throws SSLException {
      if (result.bytesConsumed() == 0 && result.getStatus() != Status.CLOSED) {
        throw new SSLException("what came in can't be decrypted: " + result.getStatus());
      }
      return result.getStatus() == Status.OK
          && result.getHandshakeStatus() == HandshakeStatus.NOT_HANDSHAKING;
    }

    /** The app has what was DATA; what comes behind it goes the usual way. */
    private void somethingElse(ByteBuf rest, SSLEngineResult result) {
      ByteBuf copy = tls.alloc().directBuffer(rest.readableBytes()).writeBytes(rest);
      leave();
      tls.fireChannelRead(copy);
      tls.fireChannelReadComplete();
      if (result.getStatus() == Status.CLOSED) {
        tls.fireUserEventTriggered(SslCloseCompletionEvent.SUCCESS);
      }
      if (result.getHandshakeStatus() != HandshakeStatus.NOT_HANDSHAKING) {
        // Something of TLS's own wants to be written.
        wirePipeline().flush();
      }
    }

    @Override
    public void broken(IOException e) {
      wirePipeline().fireExceptionCaught(e);
      wirePipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
    }
  }
}
