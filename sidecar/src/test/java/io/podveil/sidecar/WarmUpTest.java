package io.podveil.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import io.podveil.sidecar.identity.Identity;
import io.podveil.sidecar.testbed.TestAuthority;
import io.podveil.sidecar.tls.Tls;
import io.podveil.sidecar.tls.TlsEngine;
import java.time.Clock;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class WarmUpTest {

  private final TestAuthority authority = TestAuthority.create();
  private final List<String> said = new ArrayList<>();

  @ParameterizedTest
  @EnumSource
  void connectionsWithOurselvesAreCompleted(TlsEngine engine) {
    try (Tls tls = tls(engine, Clock.systemUTC())) {
      assertThat(WarmUp.of(tls, ended -> {}, said::add)).isPositive();
    }
    assertThat(said).isEmpty();
  }

  @Test
  void anIdentityThatNobodyAcceptsAnyMoreDoesNoHarm() {
    InstantSource later = InstantSource.offset(Clock.systemUTC(), Duration.ofDays(400));
    try (Tls tls = tls(TlsEngine.BORINGSSL, later)) {
      assertThat(WarmUp.of(tls, ended -> {}, said::add)).isZero();
    }
  }

  private Tls tls(TlsEngine engine, InstantSource clock) {
    Identity identity = authority.issue("ns/shop/sa/cart", "10.0.0.1").identity(authority.roots());
    return new Tls(identity, engine, Duration.ofSeconds(5), clock);
  }
}
