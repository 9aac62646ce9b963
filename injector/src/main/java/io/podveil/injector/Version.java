package io.podveil.injector;

import java.util.Objects;
import picocli.CommandLine.IVersionProvider;

/** The version that the jar was built as. */
final class Version implements IVersionProvider {
  static String ofThisBuild() {
    return Objects.requireNonNullElse(
        Version.class.getPackage().getImplementationVersion(), "unpackaged");
  }

  @Override
  public String[] getVersion() {
    return new String[] {"podveil-injector " + ofThisBuild()};
  }
}
