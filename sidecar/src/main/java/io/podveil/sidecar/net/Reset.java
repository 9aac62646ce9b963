package io.podveil.sidecar.net;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;

/** Ends a connection with a TCP reset, now or should this process die. */
public final class Reset {
  private Reset() {}

  /**
   * Closes the channel at once, so that its peer sees RST: pending bytes are dropped and no handler
   * gets to say goodbye (a close_notify would make it look like an orderly end).
   */
  public static void now(Channel channel) {
    if (channel.isOpen()) {
      // Fails where the peer was faster (ENOTCONN and the like); there is nothing left to reset.
      channel.config().setOption(ChannelOption.SO_LINGER, 0);
      channel.unsafe().close(channel.voidPromise());
    }
  }

  /**
   * From here on a close resets the connection. The kernel closes the sockets of a process that was
   * killed too, and would otherwise say FIN for it, as if the stream had ended in order.
   */
  public static void arm(Channel channel) {
    linger(channel, 0);
  }

  /** The stream has ended in order: a close leaves what is still queued to the kernel. */
  public static void disarm(Channel channel) {
    linger(channel, -1);
  }

  private static void linger(Channel channel, int seconds) {
    // The descriptor of a closed channel may be somebody else's by now.
    if (channel.isOpen()) {
      channel.config().setOption(ChannelOption.SO_LINGER, seconds);
    }
  }
}
