package io.podveil.sidecar.testbed;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The fixture itself: what the other tests take for granted. */
@Timeout(60)
final class TestbedIT {
  private static Wire wire;
  private static Pod a;
  private static Pod b;

  @BeforeAll
  static void lay() {
    wire = Wire.lay();
    a = wire.pod();
    b = wire.pod();
  }

  @AfterAll
  static void remove() {
    wire.close();
  }

  @Test
  void laysAWireWithTwoPodsInNoTime() {
    long start = System.nanoTime();
    try (Wire another = Wire.lay()) {
      another.pod();
      another.pod();
      assertThat((System.nanoTime() - start) / 1_000_000).as("milliseconds").isLessThan(2_000);
    }
  }

  @ParameterizedTest
  @EnumSource(Family.class)
  void podsReachEachOtherTheRouterAndTheInternet(Family family) throws Exception {
    try (Connection pods = Connection.between(a.namespace(), b.namespace(), b.address(family));
        Connection node = Connection.between(a.namespace(), wire.outside(), wire.router(family));
        Connection far = Connection.between(a.namespace(), wire.outside(), wire.internet(family))) {
      assertThat(pods.server.getInetAddress()).isEqualTo(a.address(family));
      assertThat(node.server.getInetAddress()).isEqualTo(a.address(family));
      assertThat(far.server.getInetAddress()).isEqualTo(a.address(family));
    }
  }

  @Test
  void codeRunsInsideAndTheTestStaysOutside() throws Exception {
    assertThat(a.namespace().call(() -> NetworkInterface.getByInetAddress(a.v4()))).isNotNull();
    assertThat(NetworkInterface.getByInetAddress(a.v4())).isNull();
    assertThatThrownBy(() ->
            a.namespace()
                .call(() -> {
                  throw new IOException("as it is");
                }))
        .isInstanceOf(IOException.class)
        .hasMessage("as it is");
  }

  @Test
  void programsRunInsideAndAreWatched() {
    assertThat(a.namespace().run("ip", "-br", "address")).contains("10.77.0.2/24", "fd77::2/64");
    assertThatThrownBy(() -> a.namespace().run("ip", "link", "show", "nothing"))
        .hasMessageContaining("does not exist");
    try (Program cat = a.namespace().start("cat")) {
      cat.stdin().write("one\ntwo\n".getBytes(UTF_8));
      cat.stdin().flush();
      assertThat(cat.await("^tw")).isEqualTo("two");
      cat.signal("TERM");
      assertThat(cat.exit()).isEqualTo(128 + 15);
      assertThat(cat.isAlive()).isFalse();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @ParameterizedTest
  @EnumSource(Family.class)
  void aCaptureKeepsWhatPassed(Family family) throws Exception {
    try (PacketCapture capture = PacketCapture.of(a);
        Connection c = Connection.between(a.namespace(), b.namespace(), b.address(family))) {
      c.say("in plain words");
      c.client.close();
      assertThat(c.server.getInputStream().read()).isEqualTo(-1);
      capture.stop();
      assertThat(capture.contains("plain words")).isTrue();
      assertThat(capture.contains("other words")).isFalse();
      assertThat(capture.packets("tcp[tcpflags] & tcp-syn != 0 or ip6[53] & 2 != 0")).hasSize(2);
    }
  }

  @ParameterizedTest
  @EnumSource(Family.class)
  void aForgedFinIsTakenForTheEnd(Family family) throws Exception {
    try (Forger forger = Forger.facing(a, wire);
        Connection c = Connection.between(a.namespace(), b.namespace(), b.address(family))) {
      c.say("hello");
      c.answer("hi");
      forger.inject(Forger.Flag.FIN, c.server.getLocalPort());
      assertThat(c.client.getInputStream().read()).isEqualTo(-1);
    }
  }

  @ParameterizedTest
  @EnumSource(Family.class)
  void aForgedResetIsTakenForAReset(Family family) throws Exception {
    try (Forger forger = Forger.facing(b, wire);
        Connection c = Connection.between(a.namespace(), b.namespace(), b.address(family))) {
      c.say("hello");
      forger.inject(Forger.Flag.RST, c.server.getLocalPort());
      assertThatExceptionOfType(SocketException.class)
          .isThrownBy(() -> c.server.getInputStream().read())
          .withMessageContaining("reset");
    }
  }

  @Test
  void aSilencedPodIsLostWithoutAWord() throws Exception {
    try (Connection c = Connection.between(a.namespace(), b.namespace(), b.v4())) {
      c.say("before");
      wire.silence(b);
      c.client.getOutputStream().write('x');
      c.server.setSoTimeout(300);
      assertThatExceptionOfType(SocketTimeoutException.class)
          .isThrownBy(() -> c.server.getInputStream().read());
      wire.restore(b);
      c.server.setSoTimeout(0);
      await().untilAsserted(() -> assertThat(c.server.getInputStream().read()).isEqualTo('x'));
    } finally {
      wire.restore(b);
    }
  }

  /** A plain connection, both ends in hand. */
  private record Connection(Socket client, Socket server) implements AutoCloseable {
    static Connection between(Namespace from, Namespace to, InetAddress address) throws Exception {
      try (ServerSocket listener = to.call(() -> new ServerSocket(0, 1, address))) {
        InetSocketAddress target = new InetSocketAddress(address, listener.getLocalPort());
        Socket client = from.call(Socket::new);
        from.call(() -> {
          client.connect(target, 5_000);
          return client;
        });
        return new Connection(client, listener.accept());
      }
    }

    void say(String text) throws IOException {
      client.getOutputStream().write(text.getBytes(UTF_8));
      assertThat(server.getInputStream().readNBytes(text.length())).asString(UTF_8).isEqualTo(text);
    }

    void answer(String text) throws IOException {
      server.getOutputStream().write(text.getBytes(UTF_8));
      assertThat(client.getInputStream().readNBytes(text.length())).asString(UTF_8).isEqualTo(text);
    }

    @Override
    public void close() throws IOException {
      client.close();
      server.close();
    }
  }
}
