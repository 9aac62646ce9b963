package io.podveil.sidecar.testbed;

import io.podveil.sidecar.identity.TrustBundle;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A pod with a sidecar, as a process of its own. */
public final class MeshedPod implements AutoCloseable {
  private final Pod pod;
  private final Path directory;
  private final List<String> credentials;
  private final String[] options;
  private final List<Program> runs = new ArrayList<>();

  MeshedPod(Pod pod, Path directory, Issued issued, TrustBundle roots, String... options) {
    this.pod = pod;
    this.directory = directory;
    this.credentials =
        List.of(
            "--cert", directory.resolve("cert.pem").toString(),
            "--key", directory.resolve("key.pem").toString(),
            "--ca-cert", directory.resolve("ca.pem").toString());
    this.options = options.clone();
    write(issued, roots);
  }

  /** With a token and roots in its directory, and nothing else. */
  MeshedPod(Pod pod, Path directory, CertsPlayer certs, String... options) {
    this.pod = pod;
    this.directory = directory;
    this.credentials =
        List.of(
            "--certs-url", certs.url().toString(),
            "--token-file", directory.resolve("token").toString(),
            "--roots-file", directory.resolve("roots.pem").toString());
    this.options = options.clone();
  }

  /** Replaces the files that the sidecar watches. */
  public void write(Issued issued, TrustBundle roots) {
    issued.write(directory, roots);
  }

  /** Starts the sidecar, rules included, and waits until it serves. */
  public void start() {
    launch("");
    sidecar().await(" serves as ");
  }

  /** Starts the sidecar, rules included, and waits for nothing. */
  public void launch() {
    launch("");
  }

  /**
   * Starts the sidecar with the rules that are there.
   *
   * @param before what runs it in its turn; {@code "prlimit", "--nofile=256"}
   */
  public void startWithoutCapture(String... before) {
    launch("run", before);
    sidecar().await(" serves as ");
  }

  /** Starts the sidecar where no rules are, and waits for nothing. */
  public void launchWithoutCapture() {
    launch("run");
  }

  /** Runs {@code podveil-sidecar capture} in the pod, to its end; returns what it said. */
  public String capture(String... options) {
    List<String> line = new ArrayList<>(command());
    line.add("capture");
    line.addAll(List.of(options));
    return namespace().run(line.toArray(String[]::new));
  }

  private void launch(String command, String... before) {
    List<String> line = new ArrayList<>(List.of(before));
    line.addAll(command());
    if (!command.isEmpty()) {
      line.add(command);
    }
    line.addAll(credentials);
    line.addAll(List.of(options));
    ProcessBuilder builder = new ProcessBuilder(line);
    builder.environment().put("PODVEIL_JAVA_OPTS", "-Dio.netty.leakDetection.level=paranoid");
    runs.add(pod.namespace().start(builder));
  }

  /** What ships, when it was built ({@code make build}); otherwise the classes under test. */
  private static List<String> command() {
    Optional<Path> dist =
        Optional.ofNullable(System.getProperty("podveil.dist"))
            .map(Path::of)
            .map(path -> path.resolve("bin/podveil-sidecar"))
            .filter(Files::isExecutable);
    return dist.map(path -> List.of(path.toString()))
        .orElseGet(() ->
            List.of(
                ProcessHandle.current().info().command().orElse("java"),
                "--enable-native-access=ALL-UNNAMED",
                "-Dio.netty.leakDetection.level=paranoid",
                "-cp",
                System.getProperty("java.class.path"),
                "io.podveil.sidecar.Sidecar"));
  }

  public Pod pod() {
    return pod;
  }

  public Namespace namespace() {
    return pod.namespace();
  }

  public InetAddress address(Family family) {
    return pod.address(family);
  }

  public Program sidecar() {
    return runs.getLast();
  }

  /** Where cert.pem, key.pem and ca.pem are. */
  public Path directory() {
    return directory;
  }

  /** What the admin port answers inside the pod; {@code get("/metrics")}. */
  public String get(String path) {
    return namespace().run("curl", "-s", "-m", "10", "http://127.0.0.1:3" + path);
  }

  /** The value of one sample of /metrics, or 0 where there is none yet. */
  public double metric(String sample) {
    return get("/metrics")
        .lines()
        .filter(line -> line.startsWith(sample + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(sample.length() + 1)))
        .findFirst()
        .orElse(0);
  }

  /** How many connections ended with this outcome; {@code ended("ingress", "refused_expired")}. */
  public double ended(String direction, String outcome) {
    return metric(
        "podveil_connections_total{direction=\"%s\",outcome=\"%s\"}".formatted(direction, outcome));
  }

  /** How many file descriptors the sidecar has open. */
  public long descriptors() {
    try (var open = Files.list(Path.of("/proc/" + sidecar().pid() + "/fd"))) {
      return open.count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    runs.forEach(Program::close);
  }

  void assertNoLeaks() {
    for (Program each : runs) {
      List<String> leaks = each.lines().stream().filter(line -> line.contains("LEAK")).toList();
      if (!leaks.isEmpty()) {
        throw new AssertionError("the sidecar leaked buffers:\n" + String.join("\n", leaks));
      }
    }
  }
}
