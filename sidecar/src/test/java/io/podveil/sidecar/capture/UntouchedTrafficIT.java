package io.podveil.sidecar.capture;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.podveil.sidecar.testbed.Family;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the rules leave as it is; there is no sidecar anywhere. */
@Timeout(120)
final class UntouchedTrafficIT extends BetweenTwoPods {
  private static final int APP = 8080;
  private static final String WORDS = "in plain words";

  @Test
  void loopbackAndTheOwnAddressStayUntouchedAndUntracked() throws Exception {
    pods.capture(a);
    for (InetAddress own :
        List.of(InetAddress.ofLiteral("127.0.0.1"), InetAddress.ofLiteral("::1"), a.v4(), a.v6())) {
      try (EchoApp _ = EchoApp.in(a.namespace(), own, APP);
          Client client = Client.connect(a.namespace(), own, APP)) {
        assertThat(client.exchange(WORDS)).isEqualTo(WORDS);
        assertThat(a.namespace().run("conntrack", "-L", "-p", "tcp")).isEmpty();
        assertThat(a.namespace().run("conntrack", "-L", "-f", "ipv6", "-p", "tcp")).isEmpty();
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void whatIsExcludedPassesAsItIs(Family family) throws Exception {
    pods.captureBoth();
    try (EchoApp internet = EchoApp.in(pods.wire().outside(), pods.wire().internet(family), APP);
        EchoApp database = EchoApp.in(pods.wire().outside(), pods.wire().router(family), 3306);
        EchoApp metrics = EchoApp.in(a.namespace(), 9100);
        EchoApp admin = EchoApp.in(a.namespace(), 3);
        Client toInternet = Client.connect(a.namespace(), pods.wire().internet(family), APP);
        Client toDatabase = Client.connect(a.namespace(), pods.wire().router(family), 3306);
        Client toMetrics = Client.connect(pods.wire().outside(), a.address(family), 9100);
        Client toAdmin = Client.connect(pods.wire().outside(), a.address(family), 3)) {
      for (Client client : List.of(toInternet, toDatabase, toMetrics, toAdmin)) {
        assertThat(client.exchange(WORDS)).isEqualTo(WORDS);
      }
      assertThat(internet.nextClient()).isEqualTo(toInternet.address());
      assertThat(database.nextClient()).isEqualTo(toDatabase.address());
      assertThat(metrics.nextClient()).isEqualTo(toMetrics.address());
      assertThat(admin.nextClient()).isEqualTo(toAdmin.address());
      pods.forget();
      for (Client client : List.of(toMetrics, toAdmin)) {
        assertThat(client.exchange(WORDS)).isEqualTo(WORDS);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void anExcludedConnectionIsTrackedToItsEnd(Family family) throws Exception {
    pods.capture(a);
    try (EchoApp _ = EchoApp.in(pods.wire().outside(), pods.wire().internet(family), APP);
        EchoApp _ = EchoApp.in(a.namespace(), 9100)) {
      for (int i = 0; i < 3; i++) {
        try (Client out = Client.connect(a.namespace(), pods.wire().internet(family), APP);
            Client in = Client.connect(pods.wire().outside(), a.address(family), 9100)) {
          assertThat(out.exchange(WORDS)).isEqualTo(WORDS);
          assertThat(in.exchange(WORDS)).isEqualTo(WORDS);
        }
      }
    }
    String ip = family == Family.V4 ? "ipv4" : "ipv6";
    await()
        .untilAsserted(() ->
            assertThat(a.namespace().run("conntrack", "-L", "-f", ip, "-p", "tcp").lines())
                .hasSize(6)
                .allMatch(line -> line.contains(" TIME_WAIT ")));
  }

  @ParameterizedTest
  @EnumSource
  void datagramsPassAsTheyAre(Family family) throws Exception {
    pods.captureBoth();
    try (DatagramSocket there =
            b.namespace().call(() -> new DatagramSocket(5353, b.address(family)));
        DatagramSocket here = a.namespace().call(() -> new DatagramSocket(0, a.address(family)))) {
      there.setSoTimeout(5_000);
      here.send(new DatagramPacket(WORDS.getBytes(UTF_8), WORDS.length(), b.address(family), 5353));
      DatagramPacket came = new DatagramPacket(new byte[64], 64);
      there.receive(came);
      assertThat(came.getSocketAddress()).isEqualTo(here.getLocalSocketAddress());
    }
  }
}
