package io.podveil.sidecar.net;

import io.netty.util.NetUtil;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A block of addresses of one family, such as {@code 10.0.0.0/8} or {@code fc00::/7}.
 *
 * @param network its first address; no bit is set past the prefix
 * @param prefix how many leading bits every address in it shares
 */
public record Cidr(InetAddress network, int prefix) {
  // Inet4Address.ofLiteral would take "10.1" for 10.0.0.1 and "010.0.0.1" for 10.0.0.1: nobody
  // means that.
  private static final Pattern DOTTED_QUAD =
      Pattern.compile("(0|[1-9]\\d{0,2})(\\.(0|[1-9]\\d{0,2})){3}");

  private static final String NO_ADDRESS =
      "allowed is an IPv4 or IPv6 address in full, without or with a prefix, as in 10.0.0.0/8 or fc00::/7";

  /** Checks the block and forgets any host name the address came with. */
  public Cidr {
    byte[] bytes = network.getAddress();
    int width = bytes.length * Byte.SIZE;
    if (prefix < 0 || prefix > width) {
      throw refused(
          NetUtil.toAddressString(network) + "/" + prefix,
          "the prefix of an %s block is 0 to %d".formatted(family(network), width),
          null);
    }
    byte[] first = firstOf(bytes, prefix);
    if (!Arrays.equals(first, bytes)) {
      throw refused(
          NetUtil.toAddressString(network) + "/" + prefix,
          "bits are set past the prefix; is "
              + NetUtil.toAddressString(of(first))
              + "/"
              + prefix
              + " meant?",
          null);
    }
    network = of(first);
  }

  /**
   * Reads {@code address/prefix}, or a bare address as the block that holds nothing else.
   *
   * @throws IllegalArgumentException saying what was given and what is allowed
   */
  public static Cidr parse(String text) {
    String trimmed = text.strip();
    int slash = trimmed.indexOf('/');
    InetAddress address = literal(trimmed, slash < 0 ? trimmed : trimmed.substring(0, slash));
    if (slash < 0) {
      return new Cidr(address, address.getAddress().length * Byte.SIZE);
    }
    String prefix = trimmed.substring(slash + 1);
    if (!prefix.matches("\\d{1,3}")) {
      throw refused(trimmed, "after the slash comes a number, as in 10.0.0.0/8 or fc00::/7", null);
    }
    return new Cidr(address, Integer.parseInt(prefix));
  }

  /**
   * Reads blocks with commas between them; nothing at all is the empty list.
   *
   * @throws IllegalArgumentException saying what was given and what is allowed
   */
  public static List<Cidr> parseList(String text) {
    return text.isBlank()
        ? List.of()
        : Arrays.stream(text.split(",", -1)).map(Cidr::parse).toList();
  }

  /** Whether the address lies in this block. An address of the other family never does. */
  public boolean contains(InetAddress address) {
    byte[] bytes = address.getAddress();
    return bytes.length == network.getAddress().length
        && Arrays.equals(firstOf(bytes, prefix), network.getAddress());
  }

  /** Whether every address of the other block lies in this one. */
  public boolean contains(Cidr other) {
    return prefix <= other.prefix && contains(other.network);
  }

  @Override
  public String toString() {
    return NetUtil.toAddressString(network) + "/" + prefix;
  }

  private static InetAddress literal(String given, String address) {
    try {
      if (DOTTED_QUAD.matcher(address).matches()) {
        return Inet4Address.ofLiteral(address);
      }
      // A scope (fe80::1%eth0) or brackets belong to a socket, and an IPv4-mapped address is IPv4.
      if (address.matches("[0-9a-fA-F.:]*:[0-9a-fA-F.:]*")
          && Inet6Address.ofLiteral(address) instanceof Inet6Address parsed) {
        return parsed;
      }
    } catch (IllegalArgumentException e) {
      throw refused(given, NO_ADDRESS, e);
    }
    throw refused(given, NO_ADDRESS, null);
  }

  private static byte[] firstOf(byte[] address, int prefix) {
    byte[] first = new byte[address.length];
    int whole = prefix / Byte.SIZE;
    System.arraycopy(address, 0, first, 0, whole);
    if (whole < address.length) {
      first[whole] = (byte) (address[whole] & (0xff00 >> (prefix % Byte.SIZE)));
    }
    return first;
  }

  private static InetAddress of(byte[] bytes) {
    try {
      return InetAddress.getByAddress(bytes);
    } catch (UnknownHostException e) {
      throw new AssertionError("4 or 16 bytes are always an address", e);
    }
  }

  private static IllegalArgumentException refused(
      String given, String reason, @Nullable Throwable cause) {
    return new IllegalArgumentException("\"%s\" is not a CIDR: %s".formatted(given, reason), cause);
  }

  private static String family(InetAddress address) {
    return address instanceof Inet4Address ? "IPv4" : "IPv6";
  }
}
