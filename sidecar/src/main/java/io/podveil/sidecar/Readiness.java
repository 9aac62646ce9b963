package io.podveil.sidecar;

import io.netty.channel.EventLoopGroup;
import io.podveil.sidecar.identity.Identity;
import io.podveil.sidecar.net.CaptureProbe;
import io.podveil.sidecar.tls.Tls;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * What is missing before traffic may come: a valid certificate, rules in force, code that has run
 * before, and not being on the way out. Whoever asks before there is a first certificate learns
 * what it waits for.
 */
final class Readiness {
  /** Missing for a moment where all the rest is there: who connects is served, if slowly. */
  static final String WARMING_UP = "warming up";

  /** How long an answer about the rules is believed; probes of several askers share one dial. */
  private static final Duration BELIEVED = Duration.ofSeconds(1);

  private final CaptureProbe probe;
  private final EventLoopGroup loops;
  private final InstantSource clock;
  private volatile boolean draining;
  private volatile boolean warm;
  private volatile String waitingFor = "it is being asked for";
  private volatile @Nullable Tls tls;
  private @Nullable CompletableFuture<List<String>> lastProbe;
  private long probedAt;

  Readiness(CaptureProbe probe, EventLoopGroup loops, InstantSource clock) {
    this.probe = probe;
    this.loops = loops;
    this.clock = clock;
  }

  /** There is no certificate yet, and this is why. */
  void waitingFor(String why) {
    waitingFor = why;
  }

  /** There is an identity, and the listeners are open. */
  void serving(Tls tls) {
    this.tls = tls;
  }

  /** Whoever connects now is served as fast as those who come later. */
  void warm() {
    warm = true;
  }

  /** The one in force, once there is one. */
  Optional<Identity> identity() {
    return Optional.ofNullable(tls).map(Tls::identity);
  }

  void draining() {
    draining = true;
  }

  /** Nothing, when ready; otherwise what is missing. */
  CompletionStage<List<String>> missing() {
    List<String> missing = new ArrayList<>();
    if (draining) {
      missing.add("shutting down");
    }
    Tls tls = this.tls;
    if (tls == null) {
      missing.add("no certificate yet, so nothing is let in or out: " + waitingFor);
      return CompletableFuture.completedStage(missing);
    }
    if (!tls.usable(clock.instant())) {
      missing.add(
          "the certificate is valid from "
              + tls.identity().credential().notBefore()
              + " to "
              + tls.identity().credential().notAfter()
              + " only");
    }
    if (!warm) {
      missing.add(WARMING_UP);
    }
    return capture()
        .thenApply(rules -> {
          List<String> all = new ArrayList<>(missing);
          all.addAll(rules);
          return all;
        });
  }

  private synchronized CompletableFuture<List<String>> capture() {
    long now = System.nanoTime();
    if (lastProbe == null || now - probedAt > BELIEVED.toNanos()) {
      probedAt = now;
      lastProbe =
          probe.probe(loops.next()).thenApply(wrong -> wrong.map(List::of).orElse(List.of()));
    }
    return lastProbe;
  }
}
