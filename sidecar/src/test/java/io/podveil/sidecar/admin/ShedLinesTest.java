package io.podveil.sidecar.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.podveil.sidecar.relay.Outcome;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ShedLinesTest {
  private static final Outcome SHED = new Outcome.Refused("shed", "too many");
  private static final Outcome SHED_HANDSHAKE = new Outcome.Refused("shed_handshake", "too many");
  private static final long SECOND = 1_000_000_000;

  private final List<String> said = new ArrayList<>();
  private final ShedLines lines = new ShedLines(said::add);

  @Test
  void soManyASecondAndTheRestIsCounted() {
    assertThat(admitted(SHED, 25, 5 * SECOND)).isEqualTo(ShedLines.A_SECOND);
    assertThat(admitted(SHED_HANDSHAKE, 1, 5 * SECOND + SECOND / 2)).isZero();
    assertThat(said).isEmpty();
    assertThat(admitted(SHED_HANDSHAKE, 1, 6 * SECOND)).isOne();
    assertThat(said)
        .containsExactly(
            "16 more connections were shed than have a line here; podveil_connections_total counts"
                + " them");
    assertThat(admitted(SHED, 10, 6 * SECOND)).isEqualTo(ShedLines.A_SECOND - 1);
  }

  @Test
  void whatWasNotShedAlwaysHasItsLine() {
    assertThat(admitted(SHED, 25, SECOND)).isEqualTo(ShedLines.A_SECOND);
    assertThat(admitted(new Outcome.Completed(), 25, SECOND)).isEqualTo(25);
    assertThat(admitted(new Outcome.Refused("unreachable", "gone"), 25, SECOND)).isEqualTo(25);
  }

  @Test
  void theClockMayBeginAnywhere() {
    assertThat(admitted(SHED, 25, -7 * SECOND)).isEqualTo(ShedLines.A_SECOND);
  }

  private long admitted(Outcome outcome, int times, long nanos) {
    long count = 0;
    for (int i = 0; i < times; i++) {
      count += lines.admit(outcome, nanos) ? 1 : 0;
    }
    return count;
  }
}
