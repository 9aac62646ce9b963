package io.podveil.sidecar.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.podveil.sidecar.net.Cidr;
import io.podveil.sidecar.net.Mark;
import io.podveil.sidecar.net.Ports;
import java.util.List;
import org.junit.jupiter.api.Test;

final class CaptureRulesTest {
  private static CaptureRules rules(String inbound, String outbound, String cidrs) {
    return new CaptureRules(
        1, 2, 3, Ports.parse(inbound), Ports.parse(outbound), Cidr.parseList(cidrs));
  }

  @Test
  void namesEveryPort() {
    assertThat(new CaptureRules(15001, 15006, 15021, Ports.NONE, Ports.NONE, List.of()).text())
        .contains("tproxy to :15001", "dnat to :15006", "dport { 15001, 15006 } reject")
        .contains("tcp dport { 15021 } ", "tcp sport { 15021 } ");
  }

  @Test
  void excludesWhatIsExcludedAndTheAdminPort() {
    assertThat(rules("9100,8000-8010", "3306", "10.1.0.0/16,fd00::/64,192.0.2.1").text())
        .contains("tcp dport { 3,8000-8010,9100 } ", "tcp sport { 3,8000-8010,9100 } ")
        .contains("tcp dport { 3306 } ct original zone set 2 accept")
        .contains("ip daddr { 10.1.0.0/16, 192.0.2.1/32 } ct original zone set 2 accept")
        .contains("ip6 daddr { fd00::/64 } ct original zone set 2 accept");
  }

  @Test
  void speaksOfTheMarksThatSocketsAndRoutesCarry() {
    assertThat(rules("", "", "").text())
        .contains("meta mark set 0x%x\n".formatted(Mark.RECIRCULATED.value()))
        .contains("meta mark 0x%x accept".formatted(Mark.WIRE.value()))
        .contains("meta mark 0x%x ct mark set 0xc accept".formatted(Mark.APP.value()))
        .contains("meta mark set 0x%x\n".formatted(Mark.REPLY.value()));
  }

  @Test
  void hasNoEmptySet() {
    assertThat(rules("", "", "").text()).doesNotContainPattern("\\{\\s*\\}").doesNotContain("$");
  }

  @Test
  void leavesOutABlockThatLiesInAnother() {
    assertThat(rules("", "", "10.0.0.0/8,10.1.0.0/16,10.0.0.0/8").text())
        .contains("ip daddr { 10.0.0.0/8 } ");
  }

  @Test
  void refusesPortsThatCollide() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new CaptureRules(1, 1, 3, Ports.NONE, Ports.NONE, List.of()))
        .withMessage("the egress, ingress and admin ports must differ, but are 1, 1 and 3");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> rules("1-10", "", ""))
        .withMessageContaining("port 1 is the sidecar's own");
  }
}
