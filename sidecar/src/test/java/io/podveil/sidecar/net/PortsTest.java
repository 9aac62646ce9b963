package io.podveil.sidecar.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class PortsTest {
  @ParameterizedTest
  @CsvSource({
    "79, false",
    "80, true",
    "81, false",
    "8079, false",
    "8080, true",
    "8085, true",
    "8090, true"
  })
  void containsSinglePortsAndBothEndsOfARange(int port, boolean expected) {
    assertThat(Ports.parse("80,8080-8090").contains(port)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "443,80; 80,443",
        "80,80; 80",
        "80,81,82; 80-82",
        "1-10,5-20; 1-20",
        "1-20,5-10; 1-20",
        " 80 , 90 - 91 ; 80,90-91",
        "1-65535; 1-65535",
      })
  void equalSetsAreEqualValues(String given, String written) {
    assertThat(Ports.parse(given)).hasToString(written).isEqualTo(Ports.parse(written));
  }

  @Test
  void nothingIsNoPort() {
    assertThat(Ports.parse("")).isEqualTo(Ports.NONE).hasToString("");
    assertThat(Ports.NONE.isEmpty()).isTrue();
    assertThat(Ports.NONE.contains(80)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0",
        "65536",
        "99999999999",
        "90-80",
        "80-",
        "-80",
        "http",
        "80,",
        ",80",
        "80 81",
        "0-5",
        "80-70000"
      })
  void refusesAnythingElseSayingWhatIsAllowed(String given) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Ports.parse(given))
        .withMessageContaining("allowed are 1 to 65535");
  }
}
