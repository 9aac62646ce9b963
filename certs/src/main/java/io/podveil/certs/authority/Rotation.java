package io.podveil.certs.authority;

import io.podveil.certs.authority.AuthorityState.Stage;
import io.podveil.certs.signer.LocalSigner;
import io.podveil.certs.signer.TrustRoots;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * From one root to the next while everything runs: the new root is made known, then it signs, then
 * the old one is forgotten. Pure; each step refuses while it would break a certificate in use.
 */
public final class Rotation {
  /** Kubelets refresh mounted ConfigMaps every minute or so, and sidecars read them after that. */
  static final Duration SPREADING = Duration.ofMinutes(3);

  /** Replicas take a changed Secret up within seconds. */
  static final Duration TAKING_UP = Duration.ofMinutes(1);

  private Rotation() {}

  /** What to do. */
  public enum Step {
    ADD,
    ACTIVATE,
    REMOVE
  }

  /** What came of it. */
  sealed interface Outcome {
    /** This is the new state. */
    record Proceed(AuthorityState next, String done) implements Outcome {}

    /** Not now, or not at all. */
    record Refuse(String why) implements Outcome {}
  }

  /**
   * Takes one step.
   *
   * @param behind namespaces that were not told of all roots yet
   * @param life of the longest certificate that was issued
   */
  static Outcome take(
      Step step,
      AuthorityState state,
      LocalSigner fresh,
      List<String> behind,
      Duration life,
      Instant now) {
    return switch (step) {
      case ADD -> add(state, fresh, now);
      case ACTIVATE -> activate(state, behind, now);
      case REMOVE -> remove(state, life, now);
    };
  }

  private static Outcome add(AuthorityState state, LocalSigner fresh, Instant now) {
    return switch (state.stage()) {
      case Stage.Settled() ->
          new Outcome.Proceed(
              new AuthorityState(state.signing(), new Stage.Added(fresh, now)),
              "a new root is being made known; next: --stage activate, from %s on"
                  .formatted(now.plus(SPREADING)));
      case Stage.Added added -> new Outcome.Refuse("a root was added already, at " + added.since());
      case Stage.Activated activated ->
          new Outcome.Refuse(
              "the last rotation is not over: --stage remove first (activated at %s)"
                  .formatted(activated.since()));
    };
  }

  private static Outcome activate(AuthorityState state, List<String> behind, Instant now) {
    return switch (state.stage()) {
      case Stage.Settled() -> new Outcome.Refuse("there is no new root; --stage add first");
      case Stage.Activated activated ->
          new Outcome.Refuse("the new root signs already, since " + activated.since());
      case Stage.Added(LocalSigner _, Instant since) when now.isBefore(since.plus(SPREADING)) ->
          new Outcome.Refuse(
              "not every sidecar knows the new root yet; try again from %s on"
                  .formatted(since.plus(SPREADING)));
      case Stage.Added _ when !behind.isEmpty() ->
          new Outcome.Refuse(
              "namespaces %s do not know the new root; is the server running?".formatted(behind));
      case Stage.Added(LocalSigner next, Instant _) -> {
        var previous = new TrustRoots(state.signing().roots());
        yield new Outcome.Proceed(
            new AuthorityState(next, new Stage.Activated(previous, now)),
            "the new root signs; next: --stage remove, once the old certificates have expired");
      }
    };
  }

  private static Outcome remove(AuthorityState state, Duration life, Instant now) {
    return switch (state.stage()) {
      case Stage.Settled() -> new Outcome.Refuse("there is no old root to remove");
      case Stage.Added _ ->
          new Outcome.Refuse("the new root does not sign yet; --stage activate first");
      case Stage.Activated(TrustRoots _, Instant since) -> {
        Instant safe = since.plus(TAKING_UP).plus(life);
        yield now.isBefore(safe)
            ? new Outcome.Refuse(
                "certificates of the old root may be in use until %s; try again then"
                    .formatted(safe))
            : new Outcome.Proceed(
                new AuthorityState(state.signing(), new Stage.Settled()),
                "the old root is forgotten");
      }
    };
  }
}
