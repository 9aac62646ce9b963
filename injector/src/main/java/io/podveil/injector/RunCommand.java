package io.podveil.injector;

import io.podveil.injector.Options.CertificateFiles;
import io.podveil.injector.injection.Addition.Installation;
import io.podveil.injector.injection.Setting;
import io.podveil.injector.injection.Settings;
import java.net.URI;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The command line, read into {@link Options}. Every refusal says what was given and what is
 * allowed.
 */
@Command(
    name = "podveil-injector",
    description =
        "The admission webhook of Podveil: puts the sidecar into pods as they are created.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    footer = {
      "",
      "Every option can also be given as environment variable PODVEIL_<OPTION>, such as",
      "PODVEIL_TRUST_DOMAIN for --trust-domain; what is given on the command line wins."
    })
final class RunCommand implements Callable<Integer> {
  private static final Pattern DNS_LABEL = Pattern.compile("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?");
  private static final Pattern DOMAIN = Pattern.compile("[a-z0-9._-]{1,255}");
  private static final List<String> POLICIES = List.of("Always", "IfNotPresent", "Never");

  /** What is done with the options. */
  interface Start {
    void with(Options options) throws Exception;
  }

  private final Start start;

  @Spec private @Nullable CommandSpec spec;

  @Option(
      names = "--sidecar-image",
      required = true,
      paramLabel = "IMAGE",
      description = "Image of the sidecar.")
  private String sidecarImage = "";

  @Option(
      names = "--image-pull-policy",
      defaultValue = "IfNotPresent",
      paramLabel = "POLICY",
      description = "Of the sidecar: Always, IfNotPresent or Never; default ${DEFAULT-VALUE}.")
  private String imagePullPolicy = "";

  @Option(
      names = "--namespace",
      defaultValue = "podveil-system",
      paramLabel = "NAME",
      description = "Where the injector runs, never injected; default ${DEFAULT-VALUE}.")
  private String namespace = "";

  @Option(
      names = "--certs-url",
      paramLabel = "URL",
      description =
          "Where sidecars get certificates; default https://podveil-certs.NAMESPACE.svc:8443.")
  private @Nullable String certsUrl;

  @Option(
      names = "--trust-domain",
      defaultValue = "cluster.local",
      paramLabel = "NAME",
      description = "SPIFFE trust domain of all identities; default ${DEFAULT-VALUE}.")
  private String trustDomain = "";

  @Option(
      names = "--mtls-cidrs",
      paramLabel = "LIST",
      description = "Destinations that get mutual TLS; default: the sidecar's own.")
  private @Nullable String mtlsCidrs;

  @Option(
      names = "--port",
      defaultValue = "8443",
      paramLabel = "PORT",
      description = "Of the webhook; default ${DEFAULT-VALUE}.")
  private int port;

  @Option(
      names = "--admin-port",
      defaultValue = "8080",
      paramLabel = "PORT",
      description = "Of health and metrics; default ${DEFAULT-VALUE}.")
  private int adminPort;

  @Option(
      names = "--cert",
      paramLabel = "FILE",
      description =
          "PEM: serving certificate, read again when it changes; default: self-made and renewed, in the caBundle.")
  private @Nullable Path cert;

  @Option(names = "--key", paramLabel = "FILE", description = "PEM: its private key.")
  private @Nullable Path key;

  @Option(
      names = "--cpu-request",
      defaultValue = "50m",
      paramLabel = "CPU",
      description = "Of a sidecar; default ${DEFAULT-VALUE}.")
  private String cpuRequest = "";

  @Option(
      names = "--memory-request",
      defaultValue = "64Mi",
      paramLabel = "MEMORY",
      description = "Of a sidecar; default ${DEFAULT-VALUE}.")
  private String memoryRequest = "";

  @Option(names = "--cpu-limit", paramLabel = "CPU", description = "Of a sidecar; default: none.")
  private @Nullable String cpuLimit;

  @Option(
      names = "--memory-limit",
      defaultValue = "192Mi",
      paramLabel = "MEMORY",
      description = "Of a sidecar; default ${DEFAULT-VALUE}.")
  private String memoryLimit = "";

  RunCommand(Start start) {
    this.start = start;
  }

  @Override
  public Integer call() throws Exception {
    start.with(options());
    return 0;
  }

  private Options options() {
    checked(
        "--namespace",
        namespace,
        DNS_LABEL.matcher(namespace).matches(),
        "the name of a namespace");
    String url = certsUrl == null ? "https://podveil-certs." + namespace + ".svc:8443" : certsUrl;
    return new Options(
        port("--port", port),
        port("--admin-port", adminPort),
        namespace,
        files(),
        new Installation(
            Version.ofThisBuild(),
            checked(
                "--sidecar-image",
                sidecarImage,
                sidecarImage.matches("\\S{1,512}"),
                "the name of an image"),
            checked(
                "--image-pull-policy",
                imagePullPolicy,
                POLICIES.contains(imagePullPolicy),
                String.join(", ", POLICIES)),
            checked("--certs-url", url, isHttps(url), "https://HOST:PORT"),
            checked(
                "--trust-domain",
                trustDomain,
                DOMAIN.matcher(trustDomain).matches(),
                "lower-case letters, digits, dots, dashes and underscores"),
            Optional.ofNullable(mtlsCidrs)
                .map(cidrs -> read("--mtls-cidrs", Setting.EXCLUDE_OUTBOUND_CIDRS, cidrs))),
        defaults());
  }

  private Optional<CertificateFiles> files() {
    if (cert == null && key == null) {
      return Optional.empty();
    }
    if (cert == null || key == null) {
      throw refused("--cert and --key go together: one of them is missing");
    }
    return Optional.of(new CertificateFiles(cert, key));
  }

  private Settings defaults() {
    Map<Setting, String> values = new EnumMap<>(Setting.class);
    values.put(Setting.CPU_REQUEST, read("--cpu-request", Setting.CPU_REQUEST, cpuRequest));
    values.put(
        Setting.MEMORY_REQUEST, read("--memory-request", Setting.MEMORY_REQUEST, memoryRequest));
    values.put(Setting.MEMORY_LIMIT, read("--memory-limit", Setting.MEMORY_LIMIT, memoryLimit));
    if (cpuLimit != null) {
      values.put(Setting.CPU_LIMIT, read("--cpu-limit", Setting.CPU_LIMIT, cpuLimit));
    }
    Settings settings = new Settings(values);
    if (!settings.contradictions().isEmpty()) {
      throw refused("requests exceed limits: " + String.join("; ", settings.contradictions()));
    }
    return settings;
  }

  private String read(String option, Setting setting, String value) {
    return setting.read(value).orElseThrow(() -> refused(option, value, setting.allowed()));
  }

  private int port(String option, int given) {
    if (given < 1 || given > 65_535) {
      throw refused(option, Integer.toString(given), "1 to 65535");
    }
    return given;
  }

  private String checked(String option, String given, boolean good, String allowed) {
    if (!good) {
      throw refused(option, given, allowed);
    }
    return given;
  }

  private ParameterException refused(String option, String given, String allowed) {
    return refused("%s is \"%s\": allowed are %s".formatted(option, given, allowed));
  }

  private ParameterException refused(String message) {
    return new ParameterException(Objects.requireNonNull(spec).commandLine(), message);
  }

  private static boolean isHttps(String url) {
    try {
      URI uri = URI.create(url);
      return "https".equals(uri.getScheme()) && uri.getHost() != null;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }
}
