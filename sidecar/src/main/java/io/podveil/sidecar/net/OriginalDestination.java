package io.podveil.sidecar.net;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.unix.RawUnixChannelOption;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;

/** Where the client meant to go, before a rule brought the connection to the sidecar. */
public record OriginalDestination(InetSocketAddress address) {
  // getsockopt(level, 80): SO_ORIGINAL_DST (linux/netfilter_ipv4.h) and IP6T_SO_ORIGINAL_DST
  // (linux/netfilter_ipv6/ip6_tables.h); the answers are sockaddr_in and sockaddr_in6.
  private static final int ORIGINAL_DST = 80;
  private static final RawUnixChannelOption IPV4 =
      new RawUnixChannelOption("SO_ORIGINAL_DST", 0, ORIGINAL_DST, 16);
  private static final RawUnixChannelOption IPV6 =
      new RawUnixChannelOption("IP6T_SO_ORIGINAL_DST", 41, ORIGINAL_DST, 28);

  /** Of a connection that TPROXY delivered: the socket's own address is where it was going. */
  public static OriginalDestination ofTransparent(Channel accepted) {
    return new OriginalDestination((InetSocketAddress) accepted.localAddress());
  }

  /**
   * Of a connection that a {@code redirect} rule delivered, as conntrack remembers it. One that
   * conntrack knows nothing of was dialled by hand, and was going where it is.
   */
  public static OriginalDestination ofRedirected(Channel accepted) {
    boolean v4 =
        ((InetSocketAddress) accepted.localAddress()).getAddress() instanceof java.net.Inet4Address;
    try {
      return new OriginalDestination(parse(accepted.config().getOption(v4 ? IPV4 : IPV6), v4));
    } catch (ChannelException e) {
      return ofTransparent(accepted);
    }
  }

  private static InetSocketAddress parse(ByteBuffer sockaddr, boolean v4) {
    byte[] address = new byte[v4 ? 4 : 16];
    // sin_family(2) sin_port(2) sin_addr | sin6_family(2) sin6_port(2) sin6_flowinfo(4) sin6_addr
    sockaddr.get(v4 ? 4 : 8, address);
    int port = Short.toUnsignedInt(sockaddr.getShort(2));
    try {
      return new InetSocketAddress(InetAddress.getByAddress(address), port);
    } catch (UnknownHostException e) {
      throw new AssertionError("4 or 16 bytes are an address", e);
    }
  }

  @Override
  public String toString() {
    return NetUtil.toSocketAddressString(address);
  }
}
