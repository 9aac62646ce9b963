package io.podveil.sidecar.testbed;

import com.sun.jna.LastErrorException;
import java.net.NetworkInterface;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * An attacker on the wire: knows every segment that passed a pod's port of the bridge, and can send
 * the pod one that its peer never sent.
 */
public final class Forger implements AutoCloseable {
  /** What to forge. */
  public enum Flag {
    /** "I have said everything." */
    FIN(0x11),
    /** "There is no such connection." */
    RST(0x14);

    private final int bits;

    Flag(int bits) {
      this.bits = bits;
    }
  }

  private static final int ETH_P_ALL = 0x0003;

  private final int ears;
  private final int mouth;
  private final Pod pod;
  private final byte[] mac;
  // The kernel queues what passes; it is read when something is to be forged, so that nothing lags.
  private final Map<Segment.Flow, Segment> latest = new LinkedHashMap<>();

  private Forger(int ears, int mouth, Pod pod, byte[] mac) {
    this.ears = ears;
    this.mouth = mouth;
    this.pod = pod;
    this.mac = mac;
  }

  /** Listens at the pod's port of the bridge from now on. */
  public static Forger facing(Pod pod, Wire wire) throws Exception {
    return new Forger(listen(wire.outside(), pod.port()), mouth(pod, wire), pod, mac(pod));
  }

  /**
   * Listens inside the pod, at its {@code lo}, and speaks on the wire: the worst attacker there is,
   * who knows the numbers of connections that never leave the pod.
   */
  public static Forger knowing(Pod pod, Wire wire) throws Exception {
    return new Forger(listen(pod.namespace(), "lo"), mouth(pod, wire), pod, mac(pod));
  }

  /**
   * Sends the pod a segment in the name of its peer, on the latest connection that has the port at
   * either end and in which the peer has spoken, with the very sequence number that the pod
   * expects.
   */
  public void inject(Flag flag, int port) {
    drain();
    Segment from =
        latest.values().stream()
            .filter(s -> s.isTo(pod) && s.uses(port))
            .reduce((earlier, later) -> later)
            .orElseThrow(() -> new AssertionError("no connection with port " + port + " was seen"));
    byte[] frame = from.forged(flag.bits);
    System.arraycopy(mac, 0, frame, 0, mac.length);
    Libc.send(mouth, frame, frame.length, 0);
  }

  @Override
  public void close() {
    Libc.close(ears);
    Libc.close(mouth);
  }

  private static int listen(Namespace where, String device) throws Exception {
    return where.call(() -> open(device, ETH_P_ALL));
  }

  private static int mouth(Pod pod, Wire wire) throws Exception {
    return wire.outside().call(() -> open(pod.port(), 0)); // Hears nothing.
  }

  private static byte[] mac(Pod pod) throws Exception {
    return pod.namespace().call(() -> NetworkInterface.getByName("eth0").getHardwareAddress());
  }

  private void drain() {
    byte[] frame = new byte[256]; // Headers; the payload's length is in them.
    try {
      while (true) {
        int length = Libc.recv(ears, frame, frame.length, Libc.MSG_DONTWAIT);
        Segment.parse(frame, length)
            .ifPresent(segment -> {
              // Taken out first: the map's order is that of the latest words.
              latest.remove(segment.flow());
              latest.put(segment.flow(), segment);
            });
      }
    } catch (LastErrorException e) {
      if (e.getErrorCode() != Libc.EAGAIN) {
        throw e;
      }
    }
  }

  private static int open(String device, int protocol) {
    int fd = Libc.socket(Libc.AF_PACKET, Libc.SOCK_RAW | Libc.SOCK_CLOEXEC, 0);
    byte[] room = ByteBuffer.allocate(4).order(ByteOrder.nativeOrder()).putInt(64 << 20).array();
    Libc.setsockopt(fd, Libc.SOL_SOCKET, Libc.SO_RCVBUFFORCE, room, room.length);
    byte[] address = // struct sockaddr_ll, with the protocol in network order
        ByteBuffer.allocate(20)
            .order(ByteOrder.nativeOrder())
            .putShort((short) Libc.AF_PACKET)
            .putShort(Short.reverseBytes((short) protocol))
            .putInt(Libc.if_nametoindex(device))
            .array();
    Libc.bind(fd, address, address.length);
    return fd;
  }
}
