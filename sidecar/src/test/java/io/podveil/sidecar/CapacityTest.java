package io.podveil.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import io.podveil.sidecar.Capacity.Bounds;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class CapacityTest {
  private static final long NONE = Long.MAX_VALUE;

  @ParameterizedTest
  @CsvSource({"20000,1048576", "20000,45128", "398,1024", "1,130", "20000,9223372036854775807"})
  void whatFitsIsGranted(int wanted, long openFiles) {
    assertThat(Capacity.of(wanted, new Bounds(openFiles, NONE, NONE)))
        .isEqualTo(new Capacity(wanted, "raise --max-connections"));
  }

  @ParameterizedTest
  @CsvSource({"45127,19999", "1024,398", "256,56", "64,1"})
  void descriptorsBound(long openFiles, int granted) {
    assertThat(Capacity.of(20_000, new Bounds(openFiles, NONE, NONE)))
        .isEqualTo(
            new Capacity(
                granted, "the limit on open files is " + openFiles + "; raise it (ulimit -n)"));
  }

  @ParameterizedTest
  @CsvSource({"192,4915", "128,1638", "64,1"})
  void memoryBounds(long mebibytes, int granted) {
    assertThat(Capacity.of(20_000, new Bounds(1 << 20, mebibytes << 20, NONE)))
        .isEqualTo(
            new Capacity(
                granted,
                "the memory limit is " + mebibytes + " MiB; raise it (podveil.io/memory-limit)"));
  }

  @Test
  void theHeapBounds() {
    assertThat(Capacity.of(100_000, new Bounds(1 << 20, NONE, 80 << 20)))
        .isEqualTo(
            new Capacity(
                10_240, "the heap's limit is 80 MiB; raise it (PODVEIL_JAVA_OPTS=-Xmx...)"));
  }

  @Test
  void idleOnesTakeTheirShareOfDescriptors() {
    assertThat(Capacity.of(20_000, new Bounds(1024, NONE, NONE)).idle()).isEqualTo(49);
  }

  @Test
  void thisProcessHasBoundsThatCanBeRead() {
    Bounds bounds = Bounds.ofThisProcess();
    assertThat(bounds.openFiles()).isPositive();
    assertThat(bounds.memoryBytes()).isPositive();
    assertThat(bounds.heapBytes()).isPositive();
  }
}
