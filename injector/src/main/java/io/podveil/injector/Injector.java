package io.podveil.injector;

import io.podveil.injector.Options.CertificateFiles;
import io.podveil.injector.injection.Addition;
import io.podveil.injector.injection.Judge;
import io.podveil.injector.serving.Credential;
import io.podveil.injector.serving.CredentialFiles;
import io.podveil.injector.serving.CredentialInForce;
import io.podveil.injector.serving.SelfMade;
import io.podveil.injector.serving.UnusableException;
import io.podveil.injector.trust.BundleKeeper;
import io.podveil.injector.trust.KubernetesApi;
import io.podveil.injector.trust.WebhookConfiguration;
import io.podveil.injector.webhook.AdminServer;
import io.podveil.injector.webhook.Metrics;
import io.podveil.injector.webhook.Reviewer;
import io.podveil.injector.webhook.WebhookServer;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;

/** The running program: the rooms, wired once. */
final class Injector {
  private static final System.Logger LOG = System.getLogger(Injector.class.getName());

  /**
   * After we call ourselves unready, reviews still come until every node and API server has heard
   * of it.
   */
  private static final Duration GOING = Duration.ofSeconds(5);

  private final Vertx vertx;
  private final WebhookServer webhook;
  private final Repeated chore;
  private volatile boolean going;

  /** Where the serving certificate comes from: what is in force, and the chore that keeps it so. */
  private record Serving(
      CredentialInForce inForce,
      Repeated.Chore chore,
      Duration pause,
      Supplier<Optional<String>> notReadyBecause) {}

  private Injector(Vertx vertx, WebhookServer webhook, Repeated chore) {
    this.vertx = vertx;
    this.webhook = webhook;
    this.chore = chore;
  }

  static Injector start(Options options, Map<String, String> environment, InstantSource clock)
      throws IOException, StartException {
    Serving serving =
        options.files().isPresent()
            ? fromFiles(options.files().get(), clock)
            : selfMade(options, KubernetesApi.ofThisPod(environment), clock);
    Metrics metrics =
        new Metrics(options.installation().version(), () -> serving.inForce().get().notAfter());
    Judge judge =
        new Judge(
            new Addition(options.installation()),
            options.defaults(),
            options.namespace(),
            new Secrets());
    Vertx vertx =
        Vertx.vertx(
            new VertxOptions()
                .setEventLoopPoolSize(2)
                .setWorkerPoolSize(1)
                .setInternalBlockingPoolSize(1));
    WebhookServer webhook =
        new WebhookServer(
            vertx,
            serving.inForce().keyManager(),
            new Reviewer(judge, metrics),
            metrics,
            WebhookServer.Limits.USUAL);
    Repeated chore = new Repeated("certificate", serving.chore(), serving.pause());
    Injector injector = new Injector(vertx, webhook, chore);
    AdminServer admin = new AdminServer(vertx, metrics, () -> injector.notReadyBecause(serving));
    await(webhook.listen(options.port()), options.port(), vertx);
    await(admin.listen(options.adminPort()), options.adminPort(), vertx);
    chore.start();
    LOG.log(
        System.Logger.Level.INFO,
        "serving  webhook on {0}, health and metrics on {1}",
        "" + options.port(),
        "" + options.adminPort());
    return injector;
  }

  /** Leaves the endpoints, answers what still comes, and ends. */
  void stop() {
    stop(GOING);
  }

  void stop(Duration grace) {
    going = true;
    webhook.drain();
    try {
      Thread.sleep(grace);
      chore.stop();
      webhook.shutdown(grace).await();
      vertx.close().await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private Optional<String> notReadyBecause(Serving serving) {
    return going ? Optional.of("ending") : serving.notReadyBecause().get();
  }

  private static Serving fromFiles(CertificateFiles files, InstantSource clock)
      throws StartException {
    CredentialFiles source = new CredentialFiles(files.cert(), files.key(), clock);
    try {
      CredentialInForce inForce = new CredentialInForce(source.readIfChanged().orElseThrow());
      return new Serving(
          inForce,
          () -> source.readIfChanged().ifPresent(next -> put(inForce, next)),
          Duration.ofSeconds(2),
          () -> expired(inForce, clock.instant()));
    } catch (UnusableException e) {
      throw new StartException(String.valueOf(e.getMessage()));
    }
  }

  private static Serving selfMade(Options options, KubernetesApi api, InstantSource clock) {
    SelfMade maker = new SelfMade(options.dnsName());
    CredentialInForce inForce = new CredentialInForce(maker.make(clock.instant()));
    BundleKeeper keeper =
        new BundleKeeper(new WebhookConfiguration(api, "podveil-injector"), inForce, maker, clock);
    return new Serving(inForce, keeper::step, Duration.ofSeconds(5), keeper::notReadyBecause);
  }

  private static void put(CredentialInForce inForce, Credential next) {
    inForce.replace(next);
    LOG.log(System.Logger.Level.INFO, "serving with {0}", next);
  }

  private static Optional<String> expired(CredentialInForce inForce, Instant now) {
    return inForce.get().notAfter().isBefore(now)
        ? Optional.of("the serving certificate has expired")
        : Optional.empty();
  }

  private static void await(Future<Integer> listening, int port, Vertx vertx)
      throws StartException {
    try {
      listening.toCompletionStage().toCompletableFuture().join();
    } catch (CompletionException e) {
      vertx.close();
      throw new StartException("cannot listen on port %d: %s".formatted(port, e.getCause()));
    }
  }
}
