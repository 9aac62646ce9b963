package io.podveil.sidecar.wire;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;

/**
 * The payload of a HELLO: pairs of a key (one byte) and a value (two bytes of length before it), in
 * any order. An address is 4 or 16 bytes, followed by two of port. A key that is not known here is
 * skipped.
 */
final class HelloFormat {
  private static final byte ID = 1;
  private static final byte SOURCE = 2;
  private static final byte DESTINATION = 3;

  private static final int PAIR_HEADER = 3;
  private static final int PORT = 2;
  private static final int IPV4 = 4;
  private static final int IPV6 = 16;

  private HelloFormat() {}

  static byte[] encode(Hello hello) {
    byte[] source = hello.source().getAddress().getAddress();
    byte[] destination = hello.destination().getAddress().getAddress();
    int length =
        3 * PAIR_HEADER + ConnectionId.BYTES + source.length + destination.length + 2 * PORT;
    ByteBuffer out = ByteBuffer.allocate(length);
    out.put(ID).putShort((short) ConnectionId.BYTES);
    out.putLong(hello.id().high()).putLong(hello.id().low());
    putAddress(out, SOURCE, source, hello.source().getPort());
    putAddress(out, DESTINATION, destination, hello.destination().getPort());
    return out.array();
  }

  static Hello decode(byte[] payload) throws ProtocolViolation {
    Map<Byte, ByteBuffer> pairs = pairs(ByteBuffer.wrap(payload));
    ByteBuffer id = required(pairs, ID, "connection id");
    if (id.remaining() != ConnectionId.BYTES) {
      throw refused("a connection id of " + id.remaining() + " bytes");
    }
    ConnectionId connectionId = new ConnectionId(id.getLong(), id.getLong());
    InetSocketAddress source = address(required(pairs, SOURCE, "source"), "source");
    InetSocketAddress destination =
        address(required(pairs, DESTINATION, "destination"), "destination");
    try {
      return new Hello(connectionId, source, destination);
    } catch (IllegalArgumentException e) {
      throw refused(String.valueOf(e.getMessage()));
    }
  }

  private static Map<Byte, ByteBuffer> pairs(ByteBuffer in) throws ProtocolViolation {
    Map<Byte, ByteBuffer> pairs = new HashMap<>();
    try {
      while (in.hasRemaining()) {
        byte key = in.get();
        int length = Short.toUnsignedInt(in.getShort());
        if (length > in.remaining()) {
          throw refused("a value that reaches past its end");
        }
        if (pairs.put(key, in.slice(in.position(), length)) != null) {
          throw refused("key " + Byte.toUnsignedInt(key) + " twice");
        }
        in.position(in.position() + length);
      }
    } catch (BufferUnderflowException e) {
      throw refused("half a pair at its end");
    }
    return pairs;
  }

  private static ByteBuffer required(Map<Byte, ByteBuffer> pairs, byte key, String name)
      throws ProtocolViolation {
    ByteBuffer value = pairs.get(key);
    if (value == null) {
      throw refused("no " + name);
    }
    return value;
  }

  private static InetSocketAddress address(ByteBuffer in, String name) throws ProtocolViolation {
    int length = in.remaining() - PORT;
    if (length != IPV4 && length != IPV6) {
      throw refused("a " + name + " of " + in.remaining() + " bytes");
    }
    byte[] bytes = new byte[length];
    in.get(bytes);
    try {
      InetAddress ip = InetAddress.getByAddress(bytes);
      // ::ffff:a.b.c.d comes back as IPv4: two spellings of one address invite confusion.
      if (ip.getAddress().length != length) {
        throw refused("a " + name + " with an IPv4 address written as IPv6");
      }
      return new InetSocketAddress(ip, Short.toUnsignedInt(in.getShort()));
    } catch (UnknownHostException e) {
      throw new AssertionError("4 and 16 bytes are always an address", e);
    }
  }

  private static void putAddress(ByteBuffer out, byte key, byte[] ip, int port) {
    out.put(key).putShort((short) (ip.length + PORT)).put(ip).putShort((short) port);
  }

  private static ProtocolViolation refused(String what) {
    return new ProtocolViolation("peer sent a HELLO with " + what);
  }
}
