package io.podveil.sidecar.testbed;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.podveil.sidecar.wire.ConnectionId;
import io.podveil.sidecar.wire.FrameCodec;
import io.podveil.sidecar.wire.Hello;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;

/** Speaks podveil/1 as a sidecar would, and says what a test has it say. */
public final class ForeignSidecar implements AutoCloseable {
  private final SSLSocket wire;
  private final InetSocketAddress destination;
  private final EmbeddedChannel codec = new EmbeddedChannel(FrameCodec.client());

  private ForeignSidecar(SSLSocket wire, InetSocketAddress destination) {
    this.wire = wire;
    this.destination = destination;
  }

  /** Dials a sidecar's app, and shakes hands with the sidecar. */
  public static ForeignSidecar dial(Issued shown, Namespace from, InetAddress to, int port)
      throws Exception {
    SSLSocket wire = ForeignTls.showing(shown).connect(from, to, port, "podveil/1");
    if (!wire.getApplicationProtocol().equals("podveil/1")) {
      throw new AssertionError("no sidecar answers there");
    }
    return new ForeignSidecar(wire, new InetSocketAddress(to, port));
  }

  /** Says for whom it calls. */
  public void greetFor(InetSocketAddress source) throws IOException {
    say(new Hello(ConnectionId.random(), source, destination));
  }

  /** Says anything that the protocol allows at this point. */
  public void say(Object message) throws IOException {
    codec.writeOutbound(message);
    for (ByteBuf frame = codec.readOutbound(); frame != null; frame = codec.readOutbound()) {
      wire.getOutputStream().write(ByteBufUtil.getBytes(frame));
      frame.release();
    }
  }

  /** Says what no protocol allows. */
  public void sayBytes(int... bytes) throws IOException {
    for (int one : bytes) {
      wire.getOutputStream().write(one);
    }
  }

  /** What the other side says next; null once it has closed the connection. */
  public @Nullable Object hear() throws IOException {
    byte[] bytes = new byte[16 * 1024];
    Object message = codec.readInbound();
    while (message == null) {
      int count = wire.getInputStream().read(bytes);
      if (count < 0) {
        return null;
      }
      codec.writeInbound(Unpooled.copiedBuffer(bytes, 0, count));
      message = codec.readInbound();
    }
    return message;
  }

  @Override
  public void close() throws IOException {
    codec.finishAndReleaseAll();
    wire.close();
  }
}
