package io.podveil.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class HeapTrimTest {
  private final AtomicInteger collected = new AtomicInteger();
  private final HeapTrim trim = new HeapTrim(collected::incrementAndGet);

  @Test
  void collectsOnceWhenMostAreGone() {
    look(0, 3_000, 5_000, 4_000, 1_251);
    assertThat(collected).hasValue(0);
    look(1_250);
    assertThat(collected).hasValue(1);
    look(1_250, 1_000);
    assertThat(collected).hasValue(1);
    look(300);
    assertThat(collected).hasValue(2);
    look(0, 0, 0);
    assertThat(collected).hasValue(2);
  }

  @Test
  void afterAFewConnectionsThereIsNothingToCollect() {
    look(0, 499, 0, 100, 3);
    assertThat(collected).hasValue(0);
  }

  private void look(int... connections) {
    for (int count : connections) {
      trim.look(count);
    }
  }
}
