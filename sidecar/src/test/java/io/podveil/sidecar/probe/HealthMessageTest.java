package io.podveil.sidecar.probe;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class HealthMessageTest {
  @ParameterizedTest
  @CsvSource({"'',0000000000", "db,00000000040a026462", "ü,00000000040a02c3bc"})
  void aRequestNamesTheService(String service, String bytes) {
    assertThat(ByteBufUtil.hexDump(HealthMessage.request(service))).isEqualTo(bytes);
  }

  @Test
  void aLongNameHasALongLength() {
    assertThat(ByteBufUtil.hexDump(HealthMessage.request("x".repeat(300))))
        .startsWith("000000012f0aac02787878");
  }

  @ParameterizedTest
  @CsvSource({
    "0000000000,0",
    "00000000020801,1",
    "00000000020802,2",
    "000000000408010803,3",
    "0000000006120261620801,1",
    "000000000308ac02,300",
    "01000000020801,-1",
    "00000000030801,-1",
    "000000000208,-1",
    "00,-1",
    "00000000010b,-1",
    "0000000003127f00,-1"
  })
  void aResponseHoldsAStatus(String hex, int status) {
    byte[] bytes = ByteBufUtil.decodeHexDump(hex.length() % 2 == 0 ? hex : hex + "0");
    assertThat(HealthMessage.status(Unpooled.wrappedBuffer(bytes)).orElse(-1)).isEqualTo(status);
  }

  @Property(tries = 2000)
  void whateverComesItIsAStatusOrNone(@ForAll byte[] bytes) {
    assertThat(HealthMessage.status(Unpooled.wrappedBuffer(bytes))).isNotNull();
    byte[] framed = new byte[bytes.length + 5];
    System.arraycopy(bytes, 0, framed, 5, bytes.length);
    framed[4] = (byte) bytes.length;
    framed[3] = (byte) (bytes.length >> 8);
    assertThat(HealthMessage.status(Unpooled.wrappedBuffer(framed))).isNotNull();
  }
}
