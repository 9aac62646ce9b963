package io.podveil.injector.trust;

import io.podveil.injector.serving.Credential;
import io.podveil.injector.serving.CredentialInForce;
import io.podveil.injector.serving.SelfMade;
import java.io.IOException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the self-made certificate in force among those that the API server trusts, and renews it:
 * the next one is published first and served later. One thread calls {@link #step}, any may ask
 * {@link #notReadyBecause}.
 */
public final class BundleKeeper {
  /**
   * How long an API server may take to notice a change: before ready, and before a renewed one is
   * served.
   */
  static final Duration NOTICED = Duration.ofMillis(500);

  static final Duration NOTICED_BY_ALL = Duration.ofSeconds(30);

  private final WebhookConfiguration configuration;
  private final CredentialInForce inForce;
  private final SelfMade maker;
  private final InstantSource clock;

  private @Nullable Credential next;
  // Of our certificates, those that stand in every bundle, and since when as far as we know.
  private volatile Map<X509Certificate, Instant> published = Map.of();
  private volatile String obstacle = "the serving certificate is not in the caBundle yet";

  public BundleKeeper(
      WebhookConfiguration configuration,
      CredentialInForce inForce,
      SelfMade maker,
      InstantSource clock) {
    this.configuration = configuration;
    this.inForce = inForce;
    this.maker = maker;
    this.clock = clock;
  }

  /** Why a review sent here now might fail; empty if it would not. */
  public Optional<String> notReadyBecause() {
    return isPublishedFor(NOTICED, inForce.get(), clock.instant())
        ? Optional.empty()
        : Optional.of(obstacle);
  }

  /**
   * Looks once, and mends what is amiss. Whatever holds already stays when it fails.
   *
   * @throws IOException with the reason, when the API server can't be asked or told
   */
  public void step() throws IOException, InterruptedException {
    Instant now = clock.instant();
    if (next == null && !now.isBefore(renewAt(inForce.get()))) {
      next = maker.make(now);
    }
    Credential renewed = next;
    try {
      publish(
          Stream.of(inForce.get(), renewed).filter(Objects::nonNull).map(Credential::leaf).toList(),
          now);
    } catch (IOException e) {
      obstacle = String.valueOf(e.getMessage());
      throw e;
    }
    if (renewed != null && isPublishedFor(NOTICED_BY_ALL, renewed, now)) {
      inForce.replace(renewed);
      next = null;
    }
  }

  private boolean isPublishedFor(Duration time, Credential credential, Instant now) {
    Instant since = published.get(credential.leaf());
    return since != null && !now.isBefore(since.plus(time));
  }

  private static Instant renewAt(Credential credential) {
    Duration life = Duration.between(credential.notBefore(), credential.notAfter());
    return credential.notBefore().plus(life.multipliedBy(2).dividedBy(3));
  }

  private void publish(List<X509Certificate> ours, Instant now)
      throws IOException, InterruptedException {
    WebhookConfiguration.State state = configuration.read();
    List<CaBundle> bundles = state.bundles().stream().map(CaBundle::read).toList();
    if (bundles.isEmpty()) {
      throw new IOException(
          "the webhook configuration holds no webhooks: apply install.yaml again");
    }
    Map<X509Certificate, Instant> there = new HashMap<>();
    for (X509Certificate certificate : ours) {
      if (bundles.stream().allMatch(bundle -> bundle.certificates().contains(certificate))) {
        there.put(certificate, published.getOrDefault(certificate, now));
      }
    }
    List<String> wanted = bundles.stream().map(bundle -> bundle.with(ours, now).pem()).toList();
    if (there.size() < ours.size() && configuration.write(state, wanted)) {
      ours.forEach(certificate -> there.putIfAbsent(certificate, now));
    }
    published = Map.copyOf(there);
  }
}
