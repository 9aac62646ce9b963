package io.podveil.certs;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.podveil.certs.ServeOptions.SignerOption;
import io.podveil.certs.issue.IssuerReference;
import io.podveil.certs.kube.ResourceJson;
import io.podveil.certs.signer.SignerException;
import io.podveil.certs.signer.TrustRoots;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
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
      defaultValue = "podveil-system",
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

  @Option(
      names = "--issuer",
      paramLabel = "KIND/NAME",
      converter = Values.Issuer.class,
      description =
          "Let cert-manager sign: Issuer/NAME or ClusterIssuer/NAME. Default: an authority of its"
              + " own, in Secret podveil-ca.")
  private @Nullable IssuerReference issuer;

  @Option(
      names = "--roots-file",
      paramLabel = "FILE",
      description = "With --issuer: whom to trust, as PEM. Default: what the issuer calls its CA.")
  private @Nullable Path rootsFile;

  ServeCommand(InstantSource clock) {
    this.clock = clock;
  }

  @Override
  public Integer call() throws InterruptedException, IOException {
    SignerOption signer = signer();
    LogLines.install();
    var options = new ServeOptions(port, adminPort, namespace, service, trustDomain, life, signer);
    KubernetesClient client = connect();
    Server server = Server.start(options, client, clock);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> end(server, client)));
    // Until the hook ends the process.
    new CountDownLatch(1).await();
    return 0;
  }

  private SignerOption signer() throws IOException {
    if (issuer == null) {
      if (rootsFile != null) {
        throw new SignerException(
            "--roots-file is for --issuer; the own authority knows its roots");
      }
      return new SignerOption.Local();
    }
    return new SignerOption.CertManager(
        issuer,
        rootsFile == null
            ? Optional.empty()
            : Optional.of(TrustRoots.read(rootsFile.toString(), Files.readString(rootsFile))));
  }

  private static void end(Server server, KubernetesClient client) {
    server.close();
    client.close();
    // Being told to stop is no failure, and a signal would be the exit code otherwise.
    Runtime.getRuntime().halt(0);
  }

  static KubernetesClient connect() {
    // Callers wait while Kubernetes is asked: better a 503 soon than an answer for nobody.
    Config config =
        new ConfigBuilder(Config.autoConfigure(null))
            .withConnectionTimeout(TIMEOUT_MS)
            .withRequestTimeout(TIMEOUT_MS)
            .withRequestRetryBackoffLimit(1)
            .build();
    return ResourceJson.use(new KubernetesClientBuilder().withConfig(config)).build();
  }
}
