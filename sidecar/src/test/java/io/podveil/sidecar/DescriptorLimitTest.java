package io.podveil.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class DescriptorLimitTest {
  private final List<String> said = new ArrayList<>();

  @ParameterizedTest
  @CsvSource({"20000,1048576", "20000,45128", "398,1024", "1,130", "20000,9223372036854775807"})
  void whatFitsIsGranted(int wanted, long openFiles) {
    assertThat(DescriptorLimit.within(openFiles, wanted, said::add)).isEqualTo(wanted);
    assertThat(said).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"20000,45127,19999", "20000,1024,398", "20000,256,56", "20000,64,1"})
  void moreThanFitsIsCutDownAndSaid(int wanted, long openFiles, int granted) {
    assertThat(DescriptorLimit.within(openFiles, wanted, said::add)).isEqualTo(granted);
    assertThat(said)
        .containsExactly(
            "at most %d connections instead of %d: the limit on open files is %d; raise it (ulimit -n)"
                .formatted(granted, wanted, openFiles));
  }

  @Test
  void thisProcessHasALimitThatCanBeRead() {
    assertThat(DescriptorLimit.connections(1, said::add)).isEqualTo(1);
    assertThat(said).isEmpty();
  }
}
