package io.podveil.sidecar;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Objects;
import java.util.Properties;

/**
 * What was built, and from what: written into the jar by the build, so that it can't be wrong.
 *
 * @param commit the git commit, with {@code -dirty} behind it if files had been changed; {@code
 *     unknown} in a build outside of make
 */
public record Build(String version, String commit) {

  /** What this process runs. */
  public static Build current() {
    Properties properties = new Properties();
    try (InputStream in = Build.class.getResourceAsStream("build.properties")) {
      properties.load(Objects.requireNonNull(in, "build.properties is not in the jar"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new Build(
        properties.getProperty("version", "unknown"), properties.getProperty("commit", "unknown"));
  }

  @Override
  public String toString() {
    return "podveil-sidecar %s (commit %s)".formatted(version, commit);
  }
}
