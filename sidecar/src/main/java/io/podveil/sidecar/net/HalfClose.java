package io.podveil.sidecar.net;

import io.netty.channel.Channel;
import io.netty.channel.ChannelPromise;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.Socket;
import java.io.IOException;
import java.nio.channels.NotYetConnectedException;

/** Says FIN. */
public final class HalfClose {
  private HalfClose() {}

  /**
   * Everything must be out before. Netty's own shutdownOutput makes an exception each time, in case
   * something still waits, and its stack trace takes longer than the FIN.
   */
  public static void output(Channel channel, ChannelPromise promise) {
    try {
      ((Socket) ((EpollSocketChannel) channel).fd()).shutdown(false, true);
      promise.setSuccess();
    } catch (IOException | NotYetConnectedException e) {
      promise.setFailure(e);
    }
  }
}
