package io.podveil.sidecar.capture;

import com.sun.jna.LastErrorException;
import com.sun.jna.Library;
import com.sun.jna.Native;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.function.Consumer;

/** A socket to the kernel's routing tables (rtnetlink); errors are numbers, as in errno.h. */
final class Netlink implements AutoCloseable {

  // linux/netlink.h
  static final int NLM_F_EXCL = 0x200;
  static final int NLM_F_CREATE = 0x400;
  private static final int NLM_F_REQUEST = 1;
  private static final int NLM_F_ACK = 4;
  private static final int NLM_F_DUMP = 0x300;
  private static final int NLMSG_ERROR = 2;
  private static final int NLMSG_DONE = 3;
  private static final int HEADER = 16;

  private static final int AF_NETLINK = 16;
  private static final int SOCK_RAW = 3;
  private static final int SOCK_CLOEXEC = 0x80000;
  private static final int NETLINK_ROUTE = 0;

  private interface Libc extends Library {
    int socket(int domain, int type, int protocol) throws LastErrorException;

    int send(int fd, byte[] buffer, int length, int flags) throws LastErrorException;

    int recv(int fd, byte[] buffer, int length, int flags) throws LastErrorException;

    int close(int fd);
  }

  // By its full name the loader finds it; for "c" JNA would search folders.
  private static final Libc LIBC = Native.load("libc.so.6", Libc.class);

  private final int fd = LIBC.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

  /** Asks for a change; 0, or the number of the error. */
  int change(int type, int flags, ByteBuffer body) {
    send(type, flags | NLM_F_ACK, body);
    return receive(message -> {});
  }

  /** Asks for a list and hands over the body of every entry; 0, or the number of the error. */
  int list(int type, ByteBuffer body, Consumer<ByteBuffer> each) {
    send(type, NLM_F_DUMP, body);
    return receive(each);
  }

  @Override
  public void close() {
    LIBC.close(fd);
  }

  private void send(int type, int flags, ByteBuffer body) {
    byte[] message =
        ByteBuffer.allocate(HEADER + body.remaining())
            .order(ByteOrder.nativeOrder())
            .putInt(HEADER + body.remaining())
            .putShort((short) type)
            .putShort((short) (flags | NLM_F_REQUEST))
            .putInt(1) // sequence
            .putInt(0) // port: the kernel's choice
            .put(body.duplicate())
            .array();
    LIBC.send(fd, message, message.length, 0);
  }

  private int receive(Consumer<ByteBuffer> each) {
    byte[] buffer = new byte[1 << 16];
    while (true) {
      int length = LIBC.recv(fd, buffer, buffer.length, 0);
      int size;
      for (int start = 0; start < length; start += (size + 3) & ~3) {
        ByteBuffer message = ByteBuffer.wrap(buffer).order(ByteOrder.nativeOrder());
        size = message.getInt(start);
        int type = message.getShort(start + 4);
        if (type == NLMSG_ERROR || type == NLMSG_DONE) {
          return -message.getInt(start + HEADER);
        }
        each.accept(message.slice(start + HEADER, size - HEADER).order(ByteOrder.nativeOrder()));
      }
    }
  }
}
