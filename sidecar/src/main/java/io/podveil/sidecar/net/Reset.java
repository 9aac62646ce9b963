package io.podveil.sidecar.net;

import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;

/** Ends a connection with a TCP reset. */
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
}
