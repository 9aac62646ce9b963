package io.podveil.sidecar.testbed;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;

/**
 * The headers of a TCP segment as they were on the wire, Ethernet and IP included.
 *
 * @param headers everything before the payload
 * @param ip where the IP header starts
 * @param tcp where the TCP header starts
 * @param payload how many bytes followed
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared; the flow is the key.
record Segment(byte[] headers, int ip, int tcp, int payload) {
  /** One direction of a connection. */
  record Flow(InetAddress source, int sourcePort, InetAddress target, int targetPort) {}

  private static final int ETHERNET = 14;
  private static final int TCP = 6;
  private static final int SYN = 0x02;
  private static final int FIN = 0x01;

  /** Reads the first {@code length} bytes of a frame; empty if it is anything else than TCP. */
  static Optional<Segment> parse(byte[] frame, int length) {
    ByteBuffer b = ByteBuffer.wrap(frame);
    int etherType = b.getShort(12) & 0xffff;
    int tcp;
    int end;
    if (etherType == 0x0800 && b.get(ETHERNET + 9) == TCP) {
      tcp = ETHERNET + (b.get(ETHERNET) & 0x0f) * 4;
      end = ETHERNET + (b.getShort(ETHERNET + 2) & 0xffff);
    } else if (etherType == 0x86dd && b.get(ETHERNET + 6) == TCP) {
      tcp = ETHERNET + 40;
      end = tcp + (b.getShort(ETHERNET + 4) & 0xffff);
    } else {
      return Optional.empty();
    }
    int data = tcp + ((b.get(tcp + 12) & 0xf0) >> 2);
    return data > length
        ? Optional.empty()
        : Optional.of(new Segment(Arrays.copyOf(frame, data), ETHERNET, tcp, end - data));
  }

  Flow flow() {
    ByteBuffer b = ByteBuffer.wrap(headers);
    int width = isV4() ? 4 : 16;
    int source = ip + (isV4() ? 12 : 8);
    return new Flow(
        address(source, width),
        b.getShort(tcp) & 0xffff,
        address(source + width, width),
        b.getShort(tcp + 2) & 0xffff);
  }

  boolean isTo(Pod pod) {
    InetAddress target = flow().target();
    return target.equals(pod.v4()) || target.equals(pod.v6());
  }

  boolean uses(int port) {
    Flow flow = flow();
    return flow.sourcePort() == port || flow.targetPort() == port;
  }

  /** The frame that would follow this one, with other flags and without payload. */
  byte[] forged(int flags) {
    byte[] frame = headers.clone();
    ByteBuffer b = ByteBuffer.wrap(frame);
    int seen = b.get(tcp + 13);
    int counted = payload + ((seen & SYN) != 0 ? 1 : 0) + ((seen & FIN) != 0 ? 1 : 0);
    b.putInt(tcp + 4, b.getInt(tcp + 4) + counted);
    b.put(tcp + 13, (byte) flags);
    int length = frame.length - tcp;
    int sum = TCP + length; // The checksum of TCP begins with protocol, length and addresses.
    if (isV4()) {
      b.putShort(ip + 2, (short) (frame.length - ip)).putShort(ip + 10, (short) 0);
      b.putShort(ip + 10, folded(sumOf(b, ip, tcp)));
      sum += sumOf(b, ip + 12, ip + 20);
    } else {
      b.putShort(ip + 4, (short) length);
      sum += sumOf(b, ip + 8, ip + 40);
    }
    b.putShort(tcp + 16, (short) 0);
    b.putShort(tcp + 16, folded(sum + sumOf(b, tcp, frame.length)));
    return frame;
  }

  private boolean isV4() {
    return headers[12] == 0x08;
  }

  private InetAddress address(int offset, int width) {
    try {
      return InetAddress.getByAddress(Arrays.copyOfRange(headers, offset, offset + width));
    } catch (UnknownHostException e) {
      throw new AssertionError(e);
    }
  }

  // IP and TCP headers are whole 32-bit words, so there is no odd byte to care for.
  private static int sumOf(ByteBuffer b, int from, int to) {
    int sum = 0;
    for (int i = from; i < to; i += 2) {
      sum += b.getShort(i) & 0xffff;
    }
    return sum;
  }

  private static short folded(int sum) {
    int once = (sum & 0xffff) + (sum >>> 16);
    return (short) ~((once & 0xffff) + (once >>> 16));
  }
}
