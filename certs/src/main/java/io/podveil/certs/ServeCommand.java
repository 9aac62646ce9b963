package io.podveil.certs;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.podveil.certs.ServeOptions.SignerOption;
import java.time.Duration;
import java.time.InstantSource;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code serve}: the authority behind an HTTP API, in a cluster. */
@Command(
    name = "serve",
    description = "Issues certificates to pods over HTTPS, and answers who lives where.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class ServeCommand implements Callable<Integer> {
  private static final int TIMEOUT_MS = 5_000;

  private final InstantSource clock;

  @Option(
      names = "--port",
      paramLabel = "PORT",
      defaultValue = "8443",
      converter = Values.Port.class,
      description = "Port of the API; default ${DEFAULT-VALUE}.")
  private int port;

  @Option(
      names = "--admin-port",
      paramLabel = "PORT",
      defaultValue = "8080",
      converter = Values.Port.class,
      description = "Port of health and metrics, without TLS; default ${DEFAULT-VALUE}.")
  private int adminPort;

  @Option(
      names = "--namespace",
      paramLabel = "NAME",
      defaultValue = "podveil",
      converter = Values.KubernetesName.class,
      description = "Namespace that this runs in; default ${DEFAULT-VALUE}.")
  private String namespace = "";

  @Option(
      names = "--service",
      paramLabel = "NAME",
      defaultValue = "podveil-certs",
      converter = Values.KubernetesName.class,
      description = "Its Service and service account; default ${DEFAULT-VALUE}.")
  private String service = "";

  @Option(
      names = "--trust-domain",
      paramLabel = "NAME",
      defaultValue = "cluster.local",
      converter = Values.TrustDomain.class,
      description = "First part of every identity; default ${DEFAULT-VALUE}.")
  private String trustDomain = "";

  @Option(
      names = "--life",
      paramLabel = "TIME",
      defaultValue = "24h",
      converter = Values.Life.class,
      description = "Life of certificates, 10m to 7d; default ${DEFAULT-VALUE}.")
  private Duration life = Duration.ZERO;

  ServeCommand(InstantSource clock) {
    this.clock = clock;
  }

  @Override
  public Integer call() throws InterruptedException {
    LogLines.install();
    var options =
        new ServeOptions(
            port, adminPort, namespace, service, trustDomain, life, new SignerOption.Local());
    KubernetesClient client = connect();
    Server server = Server.start(options, client, clock);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> end(server, client)));
    // Until the hook ends the process.
    new CountDownLatch(1).await();
    return 0;
  }

  private static void end(Server server, KubernetesClient client) {
    server.close();
    client.close();
    // Being told to stop is no failure, and a signal would be the exit code otherwise.
    Runtime.getRuntime().halt(0);
  }

  private static KubernetesClient connect() {
    // Callers wait while Kubernetes is asked: better a 503 soon than an answer for nobody.
    Config config =
        new ConfigBuilder(Config.autoConfigure(null))
            .withConnectionTimeout(TIMEOUT_MS)
            .withRequestTimeout(TIMEOUT_MS)
            .withRequestRetryBackoffLimit(1)
            .build();
    return new KubernetesClientBuilder().withConfig(config).build();
  }
}
