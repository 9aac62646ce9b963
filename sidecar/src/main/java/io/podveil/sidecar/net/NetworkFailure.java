package io.podveil.sidecar.net;

import io.netty.channel.ChannelException;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.unix.Errors.NativeIoException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.nio.channels.ClosedChannelException;

/** What the kernel meant by an error, in the words of a log line. */
public final class NetworkFailure {
  // asm-generic/errno.h; Netty hands them out negative.
  private static final int EPIPE = -32;
  private static final int EMFILE = -24;
  private static final int EADDRINUSE = -98;
  private static final int EADDRNOTAVAIL = -99;
  private static final int ECONNRESET = -104;
  private static final int ETIMEDOUT = -110;

  private NetworkFailure() {}

  /** One short clause: {@code connection refused}. */
  public static String text(Throwable cause) {
    return switch (cause) {
      case ConnectTimeoutException timeout -> "no answer in time";
      case NoRouteToHostException unreachable -> "no route to it";
      case ConnectException refused when said(refused).contains("refused") -> "connection refused";
      case NativeIoException io ->
          switch (io.expectedErr()) {
            case EPIPE, ECONNRESET -> "connection reset";
            case ETIMEDOUT -> "it answers no more";
            case EADDRINUSE, EADDRNOTAVAIL -> "address and port in use";
            case EMFILE -> "out of file descriptors here, raise the limit on open files";
            default -> said(io);
          };
      case ClosedChannelException closed -> "closed";
      // What failed before there was a channel.
      case ChannelException none when none.getCause() != null -> text(none.getCause());
      default -> said(cause);
    };
  }

  /** Whether a dial failed only because something in this pod holds the port asked for. */
  public static boolean isPortTaken(Throwable cause) {
    for (Throwable e = cause; e != null; e = e.getCause()) {
      if (e instanceof NativeIoException io
          && (io.expectedErr() == EADDRINUSE || io.expectedErr() == EADDRNOTAVAIL)) {
        return true;
      }
    }
    return cause instanceof BindException;
  }

  private static String said(Throwable cause) {
    return cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
  }
}
