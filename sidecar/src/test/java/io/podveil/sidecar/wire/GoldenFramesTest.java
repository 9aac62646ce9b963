package io.podveil.sidecar.wire;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/**
 * The format is what the files in src/test/resources/wire say: another build must read them the
 * same.
 */
final class GoldenFramesTest {
  @Test
  void theClientWritesThem() {
    try (Wire client = Wire.client()) {
      client.sends(Golden.IPV4);
      assertThat(client.bytes()).isEqualTo(Golden.HELLO_IPV4.bytes());
      client.sends(client.bufferWithHeadroom("veil"));
      assertThat(client.bytes()).isEqualTo(Golden.DATA.bytes());
      client.sends(client.buffer("veil"));
      assertThat(client.bytes()).isEqualTo(Golden.DATA.bytes());
      client.sends(StreamSignal.ABORT);
      assertThat(client.bytes()).isEqualTo(Golden.ABORT.bytes());
    }
  }

  @Test
  void theServerWritesThem() {
    try (Wire server = Wire.server()) {
      server.receives(Golden.HELLO_IPV6.bytes());
      assertThat(server.messages()).containsExactly(Golden.IPV6);
      server.sends(Accept.ACCEPT);
      assertThat(server.bytes()).isEqualTo(Golden.ACCEPT.bytes());
      server.sends(StreamSignal.END);
      assertThat(server.bytes()).isEqualTo(Golden.END.bytes());
    }
  }

  @Test
  void theServerReadsThem() {
    try (Wire server = Wire.server()) {
      server.receives(Golden.HELLO_IPV4.bytes());
      server.receives(Golden.DATA.bytes());
      server.receives(Golden.END.bytes());
      assertThat(server.messages()).containsExactly(Golden.IPV4, "veil", StreamSignal.END);
    }
  }

  @Test
  void theClientReadsThem() {
    try (Wire client = Wire.client()) {
      client.sends(Golden.IPV6);
      assertThat(client.bytes()).isEqualTo(Golden.HELLO_IPV6.bytes());
      client.receives(Golden.ACCEPT.bytes());
      client.receives(Golden.DATA.bytes());
      client.receives(Golden.ABORT.bytes());
      assertThat(client.messages()).containsExactly(Accept.ACCEPT, "veil", StreamSignal.ABORT);
    }
  }
}
