package io.podveil.sidecar.testbed;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/** Pods on a {@link Wire} with a sidecar each, whose certificates come from one authority. */
public final class Mesh implements AutoCloseable {
  private final Wire wire = Wire.lay();
  private final TestAuthority authority = TestAuthority.create();
  private final List<MeshedPod> pods = new ArrayList<>();
  private final Path directory;

  private Mesh() {
    // What takes milliseconds takes seconds where everything else runs, too.
    Awaitility.setDefaultTimeout(Duration.ofSeconds(30));
    try {
      directory = Files.createTempDirectory("podveil-mesh");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A mesh without pods. */
  public static Mesh lay() {
    return new Mesh();
  }

  public Wire wire() {
    return wire;
  }

  public TestAuthority authority() {
    return authority;
  }

  /**
   * A pod whose sidecar serves, with rules in force; {@code pod("web", "--inbound=permissive")}.
   */
  public MeshedPod pod(String serviceAccount, String... options) {
    return podWith(
        pod ->
            authority.issue(
                "ns/shop/sa/" + serviceAccount,
                pod.v4().getHostAddress(),
                pod.v6().getHostAddress()),
        options);
  }

  /** A pod whose sidecar serves with a certificate that the test chooses. */
  public MeshedPod podWith(Function<Pod, Issued> issuer, String... options) {
    Pod pod = wire.pod();
    MeshedPod meshed =
        new MeshedPod(
            pod, directory.resolve(pod.port()), issuer.apply(pod), authority.roots(), options);
    pods.add(meshed);
    meshed.start();
    return meshed;
  }

  /** A pod whose sidecar has a token, and is not started yet. */
  public MeshedPod enrolling(String serviceAccount, CertsPlayer certs, String... options) {
    Pod pod = wire.pod();
    Path mounted = directory.resolve(pod.port());
    try {
      Files.createDirectories(mounted);
      Files.writeString(mounted.resolve("token"), CertsPlayer.token("shop", serviceAccount));
      Files.writeString(mounted.resolve("roots.pem"), Issued.pem(authority.roots().roots()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    MeshedPod meshed = new MeshedPod(pod, mounted, certs, options);
    pods.add(meshed);
    return meshed;
  }

  /** A pod without a sidecar. */
  public Pod plainPod() {
    return wire.pod();
  }

  /** Ends every sidecar and removes every namespace; fails where a sidecar leaked a buffer. */
  @Override
  public void close() {
    pods.forEach(MeshedPod::close);
    wire.close();
    try (Stream<Path> files = Files.walk(directory)) {
      files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    pods.forEach(MeshedPod::assertNoLeaks);
  }
}
