package io.podveil.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.podveil.sidecar.capture.Capture;
import io.podveil.sidecar.capture.CaptureRules;
import io.podveil.sidecar.identity.Identity;
import io.podveil.sidecar.net.Dialer;
import io.podveil.sidecar.net.EpollTransport;
import io.podveil.sidecar.net.Ports;
import io.podveil.sidecar.relay.Connection;
import io.podveil.sidecar.relay.Outcome;
import io.podveil.sidecar.testbed.Family;
import io.podveil.sidecar.testbed.Pod;
import io.podveil.sidecar.testbed.TestAuthority;
import io.podveil.sidecar.testbed.Wire;
import io.podveil.sidecar.tls.Tls;
import io.podveil.sidecar.tls.TlsEngine;
import java.net.InetAddress;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** In a pod with rules in force, as it is there; how long it may take is no matter here. */
@Timeout(120)
final class WarmUpIT {
  private static final Duration LONG = Duration.ofSeconds(60);

  private final TestAuthority authority = TestAuthority.create();
  private final Queue<String> said = new ConcurrentLinkedQueue<>();
  private final Queue<Connection> ended = new ConcurrentLinkedQueue<>();
  private Wire wire;
  private Pod pod;

  @BeforeEach
  void lay() throws Exception {
    wire = Wire.lay();
    pod = wire.pod();
    CaptureRules rules = new CaptureRules(1, 2, 3, Ports.NONE, Ports.NONE, List.of());
    pod.namespace().call(() -> Capture.apply(rules));
  }

  @AfterEach
  void close() {
    wire.close();
  }

  @ParameterizedTest
  @EnumSource
  void everyCallIsAnsweredAndNothingIsLeftOpen(Family family) throws Exception {
    assertThat(warmUp(pod.address(family), Clock.systemUTC(), LONG))
        .as("%s", said)
        .isEqualTo(WarmUp.CALLS);
    assertThat(ended).hasSize(2 * WarmUp.CALLS);
    assertThat(ended)
        .allSatisfy(connection ->
            assertThat(connection.outcome()).containsInstanceOf(Outcome.Completed.class));
    assertThat(pod.namespace().run("ss", "-Htnl")).isEmpty();
  }

  @ParameterizedTest
  @EnumSource
  void bothEnginesGetWarm(TlsEngine engine) throws Exception {
    assertThat(warmUp(engine, pod.v4(), Clock.systemUTC(), LONG)).isPositive();
  }

  @Test
  void anAddressThatIsNotOursIsNoReasonNotToServe() throws Exception {
    InetAddress other = InetAddress.getByAddress(new byte[] {10, (byte) 255, (byte) 255, 1});
    assertThat(warmUp(other, Clock.systemUTC(), LONG)).isZero();
    assertThat(said).anyMatch(text -> text.startsWith("warm-up ended early: "));
  }

  @Test
  void anIdentityThatNobodyAcceptsAnyMoreIsNoReasonEither() throws Exception {
    Clock later = Clock.offset(Clock.systemUTC(), Duration.ofDays(400));
    assertThat(warmUp(pod.v4(), later, LONG)).isZero();
  }

  @Test
  void itEndsWhenItsTimeIsUp() throws Exception {
    assertThat(warmUp(pod.v4(), Clock.systemUTC(), Duration.ofMillis(1))).isLessThan(WarmUp.CALLS);
  }

  private int warmUp(InetAddress own, Clock clock, Duration atMost) throws Exception {
    return warmUp(TlsEngine.BORINGSSL, own, clock, atMost);
  }

  private int warmUp(TlsEngine engine, InetAddress own, Clock clock, Duration atMost)
      throws Exception {
    Identity identity =
        authority.issue("ns/shop/sa/cart", own.getHostAddress()).identity(authority.roots());
    return pod.namespace()
        .call(() -> {
          EventLoopGroup loops =
              new MultiThreadIoEventLoopGroup(1, EpollTransport.cured(EpollIoHandler.newFactory()));
          try (Tls tls = new Tls(identity, engine, Duration.ofSeconds(5), clock)) {
            return new WarmUp(
                    tls, new Dialer(Duration.ofSeconds(5)), loops, clock, own, atMost, ended::add)
                .run(text -> said.add(text.get()));
          } finally {
            loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).sync();
          }
        });
  }
}
