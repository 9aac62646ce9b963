package io.podveil.certs.authority;

import static org.assertj.core.api.Assertions.assertThat;

import io.podveil.certs.authority.AuthorityState.Stage;
import io.podveil.certs.authority.Rotation.Outcome;
import io.podveil.certs.authority.Rotation.Step;
import io.podveil.certs.signer.LocalSigner;
import io.podveil.certs.signer.SpiffeId;
import io.podveil.certs.signer.TrustRoots;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which step is allowed when. */
final class RotationTest {
  private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
  private static final Duration LIFE = Duration.ofHours(24);
  private static final InstantSource CLOCK = InstantSource.fixed(NOW);

  private final LocalSigner a = LocalSigner.create("td", CLOCK);
  private final LocalSigner b = LocalSigner.create("td", CLOCK);
  private final AuthorityState settled = new AuthorityState(a, new Stage.Settled());
  private final AuthorityState added = new AuthorityState(a, new Stage.Added(b, NOW));
  private final AuthorityState activated =
      new AuthorityState(b, new Stage.Activated(new TrustRoots(a.roots()), NOW));

  @Test
  void goesFromAToAAndBToB() {
    assertThat(proceed(Step.ADD, settled, NOW)).isEqualTo(added);
    AuthorityState next = proceed(Step.ACTIVATE, added, NOW.plus(Rotation.SPREADING));
    assertThat(next.signing()).isSameAs(b);
    assertThat(next.authorities().roots().certificates())
        .containsExactlyInAnyOrderElementsOf(added.authorities().roots().certificates());
    AuthorityState last = proceed(Step.REMOVE, activated, NOW.plus(LIFE).plus(Rotation.TAKING_UP));
    assertThat(last).isEqualTo(new AuthorityState(b, new Stage.Settled()));
    assertThat(last.authorities().roots().certificates()).isEqualTo(b.roots());
  }

  @Test
  void refusesStepsThatComeTooEarly() {
    Instant nearly = NOW.plus(Rotation.SPREADING).minusMillis(1);
    assertThat(refuse(Step.ACTIVATE, added, nearly)).contains("not every sidecar");
    Instant almost = NOW.plus(LIFE).plus(Rotation.TAKING_UP).minusMillis(1);
    assertThat(refuse(Step.REMOVE, activated, almost)).contains("may be in use until");
  }

  @Test
  void refusesStepsOutOfOrder() {
    Instant late = NOW.plus(Duration.ofDays(30));
    assertThat(refuse(Step.ACTIVATE, settled, late)).contains("--stage add first");
    assertThat(refuse(Step.REMOVE, settled, late)).contains("no old root");
    assertThat(refuse(Step.ADD, added, late)).contains("added already");
    assertThat(refuse(Step.REMOVE, added, late)).contains("--stage activate first");
    assertThat(refuse(Step.ADD, activated, late)).contains("--stage remove first");
    assertThat(refuse(Step.ACTIVATE, activated, late)).contains("signs already");
  }

  @Test
  void doesNotActivateWhatANamespaceWasNotToldOf() {
    Outcome outcome =
        Rotation.take(Step.ACTIVATE, added, b, List.of("shop"), LIFE, NOW.plus(Duration.ofDays(1)));
    assertThat(outcome).isInstanceOf(Outcome.Refuse.class);
    assertThat(outcome.toString()).contains("[shop]");
  }

  @Test
  void everyStateSurvivesBeingWrittenAndRead() throws Exception {
    for (AuthorityState state : List.of(settled, added, activated)) {
      AuthorityState again = AuthorityState.read(state.data(), CLOCK);
      assertThat(again.data()).isEqualTo(state.data());
      assertThat(again.authorities().roots()).isEqualTo(state.authorities().roots());
      var issued =
          again.signing().issue(SpiffeId.parse("spiffe://td/a"), List.of(), LIFE).certificate();
      state.authorities().roots().verify(issued.chain(), NOW);
    }
  }

  private AuthorityState proceed(Step step, AuthorityState state, Instant now) {
    return Rotation.take(step, state, b, List.of(), LIFE, now)
            instanceof Outcome.Proceed(AuthorityState next, String _)
        ? next
        : fail(step);
  }

  private String refuse(Step step, AuthorityState state, Instant now) {
    return Rotation.take(step, state, b, List.of(), LIFE, now) instanceof Outcome.Refuse(String why)
        ? why
        : "proceeded with " + step;
  }

  private static AuthorityState fail(Step step) {
    throw new AssertionError(step + " was refused");
  }
}
