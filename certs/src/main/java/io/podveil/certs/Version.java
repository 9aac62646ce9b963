package io.podveil.certs;

import java.util.Objects;
import picocli.CommandLine.IVersionProvider;

/** The version that the jar was built as. */
final class Version implements IVersionProvider {
  @Override
  public String[] getVersion() {
    String built = Certs.class.getPackage().getImplementationVersion();
    return new String[] {"podveil-certs " + Objects.requireNonNullElse(built, "(not packaged)")};
  }
}
