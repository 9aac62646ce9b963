package io.podveil.sidecar.ingress;

import static org.assertj.core.api.Assertions.assertThat;

import io.podveil.sidecar.net.OriginalDestination;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which way in: the own ports are none, whatever the mode. */
final class IngressRouterTest {
  @ParameterizedTest
  @CsvSource({
    "STRICT,80,DemandTls",
    "STRICT,1,Refuse",
    "STRICT,2,Refuse",
    "STRICT,3,Refuse",
    "STRICT,4,DemandTls",
    "PERMISSIVE,80,TellApart",
    "PERMISSIVE,1,Refuse",
    "PERMISSIVE,2,Refuse",
    "PERMISSIVE,3,Refuse"
  })
  void routes(InboundMode mode, int port, String route) {
    IngressRouter router = new IngressRouter(mode, Set.of(1, 2, 3));
    OriginalDestination to =
        new OriginalDestination(new InetSocketAddress(InetAddress.ofLiteral("10.0.0.5"), port));
    assertThat(router.route(to).getClass().getSimpleName()).isEqualTo(route);
  }
}
