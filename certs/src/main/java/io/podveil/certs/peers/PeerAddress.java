package io.podveil.certs.peers;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** An address and a port, {@code 10.1.2.3:80} or {@code [fd00::7]:443}. */
public record PeerAddress(InetAddress address, int port) {
  private static final Pattern TEXT =
      Pattern.compile(
          "(?:(\\d{1,3}(?:\\.\\d{1,3}){3})|\\[([0-9a-fA-F]*:[0-9a-fA-F:.]{1,45})]):(\\d{1,5})");

  public PeerAddress {
    if (port < 1 || port > 65535) {
      throw new IllegalArgumentException("a port is 1 to 65535, not " + port);
    }
  }

  /** Reads it; nothing is ever looked up. */
  public static Optional<PeerAddress> parse(String text) {
    Matcher matcher = TEXT.matcher(text);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    String literal = matcher.group(1) == null ? matcher.group(2) : matcher.group(1);
    try {
      return Optional.of(
          new PeerAddress(InetAddress.ofLiteral(literal), Integer.parseInt(matcher.group(3))));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  boolean isSameFamilyAs(PeerAddress other) {
    return address.getAddress().length == other.address.getAddress().length;
  }

  @Override
  public String toString() {
    // As RFC 5952 has it: the JDK writes every zero of an IPv6 address.
    String text = NetUtil.toAddressString(address);
    return (text.contains(":") ? "[" + text + "]" : text) + ":" + port;
  }
}
