package io.podveil.sidecar.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.podveil.sidecar.wire.Conversation.Role;
import java.util.ArrayList;
import java.util.List;

/**
 * Sends bytes that nobody has checked, then goes away, and holds the codec to what it promises
 * whatever comes.
 */
final class HostilePeer {
  private HostilePeer() {}

  static void attack(Role victim, List<byte[]> pieces) {
    try (Wire wire = victim == Role.SERVER ? Wire.server() : Wire.client()) {
      if (victim == Role.CLIENT) {
        wire.sends(Golden.IPV4);
      }
      List<Object> messages = new ArrayList<>();
      int violations = 0;
      for (byte[] piece : pieces) {
        violations += receive(wire, piece);
        messages.addAll(wire.messages());
      }
      boolean wasIdle = wire.codec().isIdle();
      wire.disappears();
      messages.addAll(wire.messages());

      assertThat(violations).isLessThanOrEqualTo(1);
      assertThat(messages.contains(StreamSignal.ABORT)).isEqualTo(!wasIdle);
      assertThat(messages.indexOf(StreamSignal.ABORT)).isIn(-1, messages.size() - 1);
      assertThat(messages).filteredOn(Hello.class::isInstance).hasSizeLessThanOrEqualTo(1);
      assertThat(messages).doesNotContain("");
    }
  }

  private static int receive(Wire wire, byte[] piece) {
    try {
      wire.receives(piece);
      return 0;
    } catch (Exception e) {
      assertThat(e).isInstanceOf(ProtocolViolation.class);
      assertThat(e.getMessage()).startsWith("peer sent ").doesNotContain("\n");
      return 1;
    }
  }
}
