package io.podveil.sidecar.wire;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.HexFormat;
import java.util.Objects;

/** The frames as they are pinned in src/test/resources/wire. */
enum Golden {
  DATA("data"),
  END("end"),
  ABORT("abort"),
  HELLO_IPV4("hello-ipv4"),
  HELLO_IPV6("hello-ipv6"),
  ACCEPT("accept");

  static final ConnectionId ID = new ConnectionId(0x0011223344556677L, 0x8899aabbccddeeffL);

  static final Hello IPV4 =
      new Hello(ID, address("10.244.1.24", 42018), address("10.244.2.26", 80));

  static final Hello IPV6 =
      new Hello(ID, address("fd00:10:244:1::18", 42018), address("fd00:10:244:2::1a", 80));

  private final String file;

  Golden(String file) {
    this.file = file;
  }

  byte[] bytes() {
    try (InputStream in = Golden.class.getResourceAsStream("/wire/" + file + ".hex")) {
      String text = new String(Objects.requireNonNull(in).readAllBytes(), UTF_8);
      return HexFormat.of().parseHex(text.replaceAll("#.*|\\s", ""));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static InetSocketAddress address(String literal, int port) {
    try {
      return new InetSocketAddress(InetAddress.getByName(literal), port);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(e);
    }
  }
}
