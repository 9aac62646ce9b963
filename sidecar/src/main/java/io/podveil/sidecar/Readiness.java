package io.podveil.sidecar;

import io.netty.channel.EventLoopGroup;
import io.podveil.sidecar.net.CaptureProbe;
import io.podveil.sidecar.tls.Tls;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * What is missing before traffic may come: a valid certificate, rules in force, and not being on
 * the way out. Listeners are open before anybody can ask.
 */
final class Readiness {
  /** How long an answer about the rules is believed; probes of several askers share one dial. */
  private static final Duration BELIEVED = Duration.ofSeconds(1);

  private final Tls tls;
  private final CaptureProbe probe;
  private final EventLoopGroup loops;
  private final InstantSource clock;
  private volatile boolean draining;
  private @Nullable CompletableFuture<List<String>> lastProbe;
  private long probedAt;

  Readiness(Tls tls, CaptureProbe probe, EventLoopGroup loops, InstantSource clock) {
    this.tls = tls;
    this.probe = probe;
    this.loops = loops;
    this.clock = clock;
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
    if (!tls.usable(clock.instant())) {
      missing.add(
          "the certificate is valid from "
              + tls.identity().credential().notBefore()
              + " to "
              + tls.identity().credential().notAfter()
              + " only");
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
