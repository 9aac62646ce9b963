package io.podveil.sidecar.wire;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelFuture;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** One end of a wire, without the wire: bytes in, messages out, and the other way round. */
final class Wire implements AutoCloseable {
  private final UnpooledByteBufAllocator memory = new UnpooledByteBufAllocator(true);
  private final EmbeddedChannel channel = new EmbeddedChannel();
  private final FrameCodec codec;

  private Wire(FrameCodec codec) {
    this.codec = codec;
    channel.config().setAllocator(memory);
    channel.pipeline().addLast(codec);
  }

  static Wire client() {
    return new Wire(FrameCodec.client());
  }

  static Wire server() {
    return new Wire(FrameCodec.server());
  }

  /** A server that has taken an app connection. */
  static Wire acceptedServer() {
    Wire wire = server();
    wire.receives(Golden.HELLO_IPV4.bytes());
    wire.messages();
    wire.sends(Accept.ACCEPT);
    wire.bytes();
    return wire;
  }

  /** A client whose app connection was taken. */
  static Wire acceptedClient() {
    Wire wire = client();
    wire.sends(Golden.IPV4);
    wire.bytes();
    wire.receives(Golden.ACCEPT.bytes());
    wire.messages();
    return wire;
  }

  FrameCodec codec() {
    return codec;
  }

  EmbeddedChannel channel() {
    return channel;
  }

  void receives(byte[] bytes) {
    channel.writeInbound(memory.directBuffer(Math.max(1, bytes.length)).writeBytes(bytes));
  }

  void receives(String hex) {
    receives(HexFormat.of().parseHex(hex.replace(" ", "")));
  }

  void sends(Object message) {
    ChannelFuture written = write(message);
    if (written.cause() != null) {
      throw new AssertionError(message + " was not written", written.cause());
    }
  }

  ChannelFuture write(Object message) {
    return channel.writeAndFlush(message);
  }

  /** The connection goes away. */
  @SuppressWarnings("FutureReturnValueIgnored")
  void disappears() {
    channel.close();
  }

  ByteBuf buffer(String text) {
    return memory.directBuffer(4 + text.length()).writeBytes(text.getBytes(UTF_8));
  }

  ByteBuf bufferWithHeadroom(String text) {
    return memory.directBuffer(4 + text.length()).setIndex(4, 4).writeBytes(text.getBytes(UTF_8));
  }

  /** The messages that came out since the last call, bytes of the app as text. */
  List<Object> messages() {
    List<Object> messages = new ArrayList<>();
    for (Object next = channel.readInbound(); next != null; next = channel.readInbound()) {
      messages.add(next instanceof ByteBuf bytes ? taken(bytes) : next);
    }
    return messages;
  }

  /** The bytes that were written since the last call. */
  byte[] bytes() {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (ByteBuf next = channel.readOutbound(); next != null; next = channel.readOutbound()) {
      all.writeBytes(ByteBufUtil.getBytes(next));
      next.release();
    }
    return all.toByteArray();
  }

  /** Fails when a buffer was leaked. */
  @Override
  public void close() {
    channel.releaseInbound();
    channel.releaseOutbound();
    disappears();
    channel.releaseInbound();
    long leaked = memory.metric().usedDirectMemory() + memory.metric().usedHeapMemory();
    if (leaked != 0) {
      throw new AssertionError(leaked + " bytes leaked");
    }
  }

  private static String taken(ByteBuf bytes) {
    String text = bytes.toString(UTF_8);
    bytes.release();
    return text;
  }
}
