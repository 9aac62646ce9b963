package io.podveil.sidecar.testbed;

import com.sun.jna.LastErrorException;
import com.sun.jna.Native;

/** What the fixture needs of the C library; a failing call throws with its errno. */
final class Libc {
  static final int O_RDONLY = 0;
  static final int O_CLOEXEC = 0x80000;
  static final int CLONE_NEWNET = 0x40000000;
  static final int AF_PACKET = 17;
  static final int SOCK_RAW = 3;
  static final int SOCK_CLOEXEC = 0x80000;
  static final int SOL_SOCKET = 1;
  static final int SO_RCVBUFFORCE = 33;
  static final int MSG_DONTWAIT = 0x40;
  static final int EAGAIN = 11;

  static {
    Native.register("c");
  }

  private Libc() {}

  static native int open(String path, int flags) throws LastErrorException;

  static native int close(int fd) throws LastErrorException;

  static native int setns(int fd, int type) throws LastErrorException;

  static native int if_nametoindex(String name) throws LastErrorException;

  static native int socket(int domain, int type, int protocol) throws LastErrorException;

  static native int bind(int fd, byte[] address, int length) throws LastErrorException;

  static native int setsockopt(int fd, int level, int option, byte[] value, int length)
      throws LastErrorException;

  static native int recv(int fd, byte[] buffer, int length, int flags) throws LastErrorException;

  static native int send(int fd, byte[] buffer, int length, int flags) throws LastErrorException;
}
