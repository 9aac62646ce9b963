package io.podveil.sidecar.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class HelloFormatTest {
  private static final String ID = "010010 00112233445566778899aabbccddeeff";
  private static final String SOURCE = "020006 0af40118a422";
  private static final String DESTINATION = "030006 0af4021a0050";

  @Test
  void readsPairsInAnyOrderAndSkipsKeysItDoesNotKnow() throws ProtocolViolation {
    assertThat(decode(DESTINATION + "ff0003 010203" + SOURCE + "400000" + ID))
        .isEqualTo(Golden.IPV4);
  }

  @ParameterizedTest
  @CsvSource({
    "'',no connection id",
    SOURCE + DESTINATION + ",no connection id",
    ID + DESTINATION + ",no source",
    ID + SOURCE + ",no destination",
    ID + SOURCE + DESTINATION + SOURCE + ",key 2 twice",
    ID + SOURCE + DESTINATION + "800000800000,key 128 twice",
    ID + SOURCE + DESTINATION + "80,half a pair at its end",
    ID + SOURCE + DESTINATION + "8000,half a pair at its end",
    ID + SOURCE + DESTINATION + "80000200,a value that reaches past its end",
    "01000f 00112233445566778899aabbccddee" + SOURCE + DESTINATION + ",a connection id of 15 bytes",
    ID + "020005 0af40118a4" + DESTINATION + ",a source of 5 bytes",
    ID + "020000" + DESTINATION + ",a source of 0 bytes",
    ID + "020006 0af401180000" + DESTINATION + ",is not an IP address with a port",
    ID + SOURCE + "030012 00000000000000000000ffff0af4021a0050,an IPv4 address written as IPv6",
    ID + SOURCE + "030012 fd00001002440002000000000000001a0050,are not of one address family",
  })
  void refusesWhatIsNotStrictlyRight(String payload, String because) {
    assertThatThrownBy(() -> decode(payload))
        .isInstanceOf(ProtocolViolation.class)
        .hasMessageStartingWith("peer sent a HELLO with ")
        .hasMessageContaining(because);
  }

  @Test
  void namesAConnectionByThirtyTwoDigits() {
    assertThat(Golden.ID).hasToString("00112233445566778899aabbccddeeff");
    assertThat(ConnectionId.random()).isNotEqualTo(ConnectionId.random());
  }

  private static Hello decode(String hex) throws ProtocolViolation {
    return HelloFormat.decode(HexFormat.of().parseHex(hex.replace(" ", "")));
  }
}
