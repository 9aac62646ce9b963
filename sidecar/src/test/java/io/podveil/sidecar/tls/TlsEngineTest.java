package io.podveil.sidecar.tls;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.util.ReferenceCountUtil;
import io.podveil.sidecar.testbed.TestAuthority;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.net.ssl.SSLEngine;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TlsEngineTest {

  private static final int MLKEM = 0x11ec;
  private static final int X25519 = 0x001d;
  private static final int P256 = 0x0017;
  private static final int SUPPORTED_GROUPS = 0x000a;

  @Test
  void boringSslIsTakenWhereItLoadsAndNothingIsSaid() {
    List<String> warnings = new ArrayList<>();

    assertThat(TlsEngine.best(warnings::add)).isEqualTo(TlsEngine.BORINGSSL);
    assertThat(warnings).isEmpty();
  }

  @Test
  void theJdkIsTakenWhereBoringSslDoesNotLoadAndItIsSaid() throws Exception {
    Process java =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElseThrow(),
                "-Dio.netty.handler.ssl.noOpenSsl=true",
                "-cp",
                System.getProperty("java.class.path"),
                BestEngine.class.getName())
            .redirectErrorStream(true)
            .start();
    List<String> lines = java.inputReader().readAllLines();

    assertThat(lines)
        .anyMatch(line -> line.startsWith("warning: BoringSSL can't be loaded ("))
        .contains("engine: JDK");
    assertThat(java.waitFor()).isZero();
  }

  /** Says which engine is best, in a process where it can be forbidden. */
  static final class BestEngine {
    public static void main(String[] args) {
      TlsEngine best = TlsEngine.best(warning -> System.out.println("warning: " + warning));
      System.out.println("engine: " + best);
    }
  }

  @ParameterizedTest
  @EnumSource
  void offersItsGroupsInOrder(TlsEngine engine) throws Exception {
    List<Integer> expected =
        switch (engine) {
          case BORINGSSL -> List.of(MLKEM, X25519, P256);
          case JDK -> List.of(X25519, P256);
        };

    assertThat(groups(clientHello(engine))).isEqualTo(expected);
  }

  private static byte[] clientHello(TlsEngine engine) throws Exception {
    TestAuthority authority = TestAuthority.create();
    try (Tls tls =
        new Tls(
            authority.issue("ns/shop/sa/cart").identity(authority.roots()),
            engine,
            Duration.ofSeconds(1),
            InstantSource.system())) {
      SSLEngine client = tls.client(UnpooledByteBufAllocator.DEFAULT).engine();
      try {
        ByteBuffer hello = ByteBuffer.allocate(32 * 1024);
        client.beginHandshake();
        client.wrap(ByteBuffer.allocate(0), hello);
        return Arrays.copyOf(hello.array(), hello.position());
      } finally {
        ReferenceCountUtil.release(client);
      }
    }
  }

  /** The supported groups of a ClientHello (RFC 8446, sections 4.1.2 and 4.2.7). */
  private static List<Integer> groups(byte[] record) {
    ByteBuffer hello = ByteBuffer.wrap(record);
    skip(hello, 5 + 4 + 2 + 32);
    skip(hello, hello.get() & 0xff);
    skip(hello, hello.getShort() & 0xffff);
    skip(hello, hello.get() & 0xff);
    hello.getShort();
    while (hello.hasRemaining()) {
      int type = hello.getShort() & 0xffff;
      int length = hello.getShort() & 0xffff;
      if (type == SUPPORTED_GROUPS) {
        List<Integer> groups = new ArrayList<>();
        for (int left = hello.getShort() & 0xffff; left > 0; left -= 2) {
          groups.add(hello.getShort() & 0xffff);
        }
        return groups;
      }
      skip(hello, length);
    }
    return List.of();
  }

  private static void skip(ByteBuffer buffer, int bytes) {
    buffer.position(buffer.position() + bytes);
  }
}
