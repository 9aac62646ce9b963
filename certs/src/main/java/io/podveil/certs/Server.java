package io.podveil.certs;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.podveil.certs.ServeOptions.SignerOption;
import io.podveil.certs.admin.AdminServer;
import io.podveil.certs.api.ApiMetrics;
import io.podveil.certs.api.ApiServer;
import io.podveil.certs.api.CertificatesEndpoint;
import io.podveil.certs.api.PeersEndpoint;
import io.podveil.certs.authority.AuthoritySecret;
import io.podveil.certs.authority.TrustConfigMaps;
import io.podveil.certs.issue.CertManagerSigner;
import io.podveil.certs.issue.EmbeddedSigner;
import io.podveil.certs.issue.Issuance;
import io.podveil.certs.issue.IssuerReference;
import io.podveil.certs.issue.ServingCredential;
import io.podveil.certs.issue.Signer;
import io.podveil.certs.kube.ClusterState;
import io.podveil.certs.kube.ClusterWatch;
import io.podveil.certs.kube.PodLookup;
import io.podveil.certs.kube.TokenReviews;
import io.podveil.certs.peers.PeerDirectory;
import io.podveil.certs.signer.Names;
import io.podveil.certs.signer.SignerException;
import io.podveil.certs.signer.SpiffeId;
import io.podveil.certs.signer.TrustRoots;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Everything that {@code serve} needs, put together. Whatever it opened ends with it. */
final class Server implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger("server");
  private static final String AUDIENCE = "podveil";
  private static final Duration ADDRESS_PATIENCE = Duration.ofSeconds(5);
  private static final Duration SIGNER_PATIENCE = Duration.ofSeconds(20);
  private static final Duration DRAIN = Duration.ofSeconds(10);

  private final Vertx vertx;
  private final ApiServer api;
  private final List<AutoCloseable> open;
  private final int port;
  private final int adminPort;

  private Server(Vertx vertx, ApiServer api, List<AutoCloseable> open, int port, int adminPort) {
    this.vertx = vertx;
    this.api = api;
    this.open = open;
    this.port = port;
    this.adminPort = adminPort;
  }

  /**
   * Starts serving. Nothing listens before there is a certificate to serve with.
   *
   * @throws SignerException if there is no authority to sign with, with the reason
   */
  static Server start(ServeOptions options, KubernetesClient client, InstantSource clock) {
    List<AutoCloseable> open = new ArrayList<>();
    // First, for it takes longest to hear of the whole cluster; the rest goes on meanwhile. Nobody
    // asks for roots before the trust starts.
    CompletableFuture<Signer> signing = new CompletableFuture<>();
    TrustConfigMaps trust =
        new TrustConfigMaps(client, () -> signing.join().roots().pem(), options.namespace());
    ClusterState cluster = new ClusterState();
    ClusterWatch watch = ClusterWatch.start(client, cluster, trust::hasSidecar);
    open.add(watch);
    Signer signer = signer(options, client, clock, open);
    ServingCredential serving = new ServingCredential(signer, names(options), clock);
    signing.complete(signer);
    trust.start();
    open.add(trust);
    open.add(every(Duration.ofSeconds(10), serving::renewIfDue, trust::reconcileAll));

    var registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    measure(registry, cluster, serving);
    TokenReviews tokens = new TokenReviews(client, AUDIENCE);
    PodLookup pods = new PodLookup(client, cluster, ADDRESS_PATIENCE);
    PeerDirectory directory = new PeerDirectory(cluster, options.trustDomain());
    Vertx vertx = Vertx.vertx();
    ApiServer api =
        new ApiServer(
            vertx,
            serving::get,
            signer::roots,
            options.trustDomain(),
            List.of(
                new CertificatesEndpoint(
                    new Issuance(tokens, pods, options.trustDomain(), signer), clock),
                new PeersEndpoint(directory, tokens, clock)),
            new ApiMetrics(registry));
    int port = api.listen(options.port()).await();
    int adminPort =
        new AdminServer(vertx, () -> unready(watch, serving, clock), registry)
            .listen(options.adminPort())
            .await();
    LOG.log(System.Logger.Level.INFO, "serving on port {0,number,#}", port);
    return new Server(vertx, api, open, port, adminPort);
  }

  int port() {
    return port;
  }

  int adminPort() {
    return adminPort;
  }

  /** Lets requests in progress finish, then ends. */
  @Override
  public void close() {
    api.shutdown(DRAIN).await();
    for (AutoCloseable part : open.reversed()) {
      try {
        part.close();
      } catch (Exception e) {
        LOG.log(System.Logger.Level.WARNING, "while stopping", e);
      }
    }
    vertx.close().await();
  }

  private static Signer signer(
      ServeOptions options,
      KubernetesClient client,
      InstantSource clock,
      List<AutoCloseable> open) {
    return switch (options.signer()) {
      case SignerOption.Local() -> {
        AuthoritySecret authority =
            new AuthoritySecret(
                client, options.namespace(), AuthoritySecret.NAME, options.trustDomain(), clock);
        open.add(authority);
        yield new EmbeddedSigner(authority::get, options.life(), clock);
      }
      case SignerOption.CertManager(IssuerReference issuer, Optional<TrustRoots> roots) ->
          new CertManagerSigner(
              client,
              new CertManagerSigner.Settings(
                  options.namespace(), issuer, options.life(), SIGNER_PATIENCE, roots),
              clock);
    };
  }

  private static Names names(ServeOptions options) {
    String name = options.service();
    String inNamespace = name + "." + options.namespace();
    return Names.ofServer(
        SpiffeId.ofServiceAccount(options.trustDomain(), options.namespace(), name),
        List.of(name, inNamespace, inNamespace + ".svc", inNamespace + ".svc.cluster.local"));
  }

  private static List<String> unready(
      ClusterWatch watch, ServingCredential serving, InstantSource clock) {
    List<String> reasons = new ArrayList<>();
    if (!watch.isComplete()) {
      reasons.add("the cluster's pods, services and endpoints are not all known yet");
    }
    if (!clock.instant().isBefore(serving.get().certificate().notAfter())) {
      reasons.add("the server's own certificate expired");
    }
    return reasons;
  }

  private static void measure(
      PrometheusMeterRegistry registry, ClusterState cluster, ServingCredential serving) {
    new JvmMemoryMetrics().bindTo(registry);
    Gauge.builder("podveil_certs_known_pods", cluster::podCount).register(registry);
    Gauge.builder("podveil_certs_known_services", cluster::serviceCount).register(registry);
    Gauge.builder(
            "podveil_certs_serving_certificate_expiry_seconds",
            () -> serving.get().certificate().notAfter().getEpochSecond())
        .register(registry);
  }

  private static AutoCloseable every(Duration period, Runnable... tasks) {
    ScheduledExecutorService timer =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("upkeep").factory());
    for (Runnable task : tasks) {
      var _ =
          timer.scheduleWithFixedDelay(
              () -> attempt(task), period.toMillis(), period.toMillis(), TimeUnit.MILLISECONDS);
    }
    return timer::shutdownNow;
  }

  private static void attempt(Runnable task) {
    try {
      task.run();
    } catch (RuntimeException e) {
      // What throws out of a timer is never called again.
      LOG.log(System.Logger.Level.WARNING, "tried in vain, will try again: {0}", e.getMessage());
    }
  }
}
