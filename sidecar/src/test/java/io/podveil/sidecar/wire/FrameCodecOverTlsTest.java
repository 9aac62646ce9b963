package io.podveil.sidecar.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class FrameCodecOverTlsTest {
  private final TlsWire wire;
  private final TlsWire.End client;
  private final TlsWire.End server;

  FrameCodecOverTlsTest() throws Exception {
    wire = new TlsWire();
    client = wire.client();
    server = wire.server();
  }

  @AfterEach
  void stop() {
    wire.close();
  }

  @Test
  void answersFlowAfterTheClientHalfCloses() {
    String bulk = "veil".repeat(500_000);
    client.sends(Golden.IPV4);
    client.sends(bulk);
    client.sends(StreamSignal.END);
    awaitReceived(server, Golden.IPV4, bulk, StreamSignal.END);
    server.sends(Accept.ACCEPT);
    server.sends(bulk);
    server.sends(StreamSignal.END);
    awaitReceived(client, Accept.ACCEPT, bulk, StreamSignal.END);
  }

  @Test
  void oneTlsConnectionServesTwoAppConnections() {
    for (int alreadyThere : new int[] {0, 2}) {
      client.sends(Golden.IPV4);
      await().until(() -> server.received().lastIndexOf(Golden.IPV4) == alreadyThere);
      server.sends(Accept.ACCEPT);
      server.sends(StreamSignal.END);
      client.sends(StreamSignal.END);
      await().until(() -> server.isIdle() && client.isIdle());
    }
    client.closes();
    assertThat(server.received())
        .containsExactly(Golden.IPV4, StreamSignal.END, Golden.IPV4, StreamSignal.END);
  }

  @Test
  void aCloseNotifyWithoutEndIsAnAbort() {
    client.sends(Golden.IPV4);
    client.sends("half a mess");
    client.closes();
    awaitReceived(server, Golden.IPV4, "half a mess", StreamSignal.ABORT);
    assertThat(server.isLost()).isTrue();
  }

  @Test
  void aFinThatAnyoneCouldHaveSentIsAnAbort() {
    client.sends(Golden.IPV4);
    client.sends("half a mess");
    client.finishesTcp();
    awaitReceived(server, Golden.IPV4, "half a mess", StreamSignal.ABORT);
    assertThat(server.isLost()).isTrue();
  }

  @Test
  void oneReadOnDemandLastsUntilAMessageIsWhole() {
    client.sends(Golden.IPV4);
    awaitReceived(server, Golden.IPV4);
    for (byte part : Golden.DATA.bytes()) {
      client.sendsRaw(new byte[] {part});
    }
    awaitReceived(server, Golden.IPV4, "veil");
  }

  private static void awaitReceived(TlsWire.End end, Object... messages) {
    await().untilAsserted(() -> assertThat(end.received()).containsExactly(messages));
  }
}
