package io.podveil.sidecar.capture;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.podveil.sidecar.testbed.Family;
import io.podveil.sidecar.testbed.PacketCapture;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A pod's sidecar runs before the rules appear: what it has to do with podveil-certs and with the
 * kubelet meanwhile goes on as if nothing had happened, whichever packet comes first.
 */
@Timeout(120)
final class SidecarFirstIT extends BetweenTwoPods {
  private static final int CERTS = 8443;
  private static final int ADMIN = 3;

  @ParameterizedTest
  @CsvSource({"V4, false", "V4, true", "V6, false", "V6, true"})
  void itsConnectionToCertsGoesOn(Family family, boolean certsSpeaksFirst) throws Exception {
    try (ServerSocket certs = b.namespace().call(() -> new ServerSocket(CERTS));
        StandIn _ = StandIn.in(a.namespace());
        MarkedClient sidecar = MarkedClient.connected(a.namespace(), b.address(family), CERTS);
        Socket answering = certs.accept()) {
      sidecar.say("before");
      assertThat(heard(answering, 6)).isEqualTo("before");
      pods.capture(a);
      for (int i = 0; i < 3; i++) {
        if (certsSpeaksFirst) {
          say(answering, "answer");
          assertThat(sidecar.hear()).isEqualTo("answer");
        }
        sidecar.say("question");
        assertThat(heard(answering, 8)).isEqualTo("question");
        say(answering, "answer");
        assertThat(sidecar.hear()).isEqualTo("answer");
      }
      sidecar.end();
      assertThat(answering.getInputStream().read()).isEqualTo(-1);
    }
  }

  /** The SYN is out, the rules appear, the answer comes: nobody has to say anything twice. */
  @ParameterizedTest
  @EnumSource
  void aConnectionThatItIsOpeningIsNotHeldUp(Family family) throws Exception {
    // The rules come fast once nft is loaded, and neighbours are asked again at once.
    pods.capture(a);
    a.namespace()
        .call(() -> {
          Capture.remove();
          return a;
        });
    a.namespace().sysctl("net." + version(family) + ".neigh.eth0.retrans_time_ms", "50");
    a.namespace().sysctl("net." + version(family) + ".neigh.eth0.mcast_solicit", "100");
    try (ServerSocket certs = b.namespace().call(() -> new ServerSocket(CERTS));
        PacketCapture packets = PacketCapture.of(a)) {
      a.namespace().run("ip", "neigh", "flush", "dev", "eth0");
      pods.wire().silence(b);
      try (MarkedClient sidecar = MarkedClient.dialling(a.namespace(), b.address(family), CERTS)) {
        await().until(() -> waitsForNeighbour(b.address(family)));
        pods.capture(a);
        pods.wire().restore(b);
        sidecar.awaitConnected();
        try (Socket answering = certs.accept()) {
          sidecar.say("question");
          assertThat(heard(answering, 8)).isEqualTo("question");
        }
      }
      packets.stop();
      assertThat(packets.packets("tcp port 8443").stream().filter(p -> p.contains("Flags [S]")))
          .hasSize(1);
    }
  }

  @ParameterizedTest
  @CsvSource({"V4, false", "V4, true", "V6, false", "V6, true"})
  void aQuestionAtItsAdminPortIsAnswered(Family family, boolean rulesBeforeTheQuestion)
      throws Exception {
    try (ServerSocket admin = a.namespace().call(() -> new ServerSocket(ADMIN));
        Client kubelet = Client.connect(pods.wire().outside(), a.address(family), ADMIN);
        Socket answering = admin.accept()) {
      if (rulesBeforeTheQuestion) {
        pods.capture(a);
      }
      say(kubelet.socket(), "question");
      assertThat(heard(answering, 8)).isEqualTo("question");
      pods.capture(a);
      say(answering, "answer");
      assertThat(heard(kubelet.socket(), 6)).isEqualTo("answer");
      answering.shutdownOutput();
      assertThat(kubelet.socket().getInputStream().read()).isEqualTo(-1);
    }
  }

  private boolean waitsForNeighbour(InetAddress address) {
    return a.namespace()
        .run("ip", "neigh", "show", "nud", "incomplete")
        .contains(address.getHostAddress().replaceFirst("^fd77:.*:", "fd77::"));
  }

  private static String version(Family family) {
    return family == Family.V4 ? "ipv4" : "ipv6";
  }

  private static void say(Socket socket, String words) throws IOException {
    socket.getOutputStream().write(words.getBytes(UTF_8));
  }

  private static String heard(Socket socket, int length) throws IOException {
    socket.setSoTimeout(5_000);
    return new String(socket.getInputStream().readNBytes(length), UTF_8);
  }
}
