package io.podveil.certs;

import io.podveil.certs.files.CaDirectory;
import io.podveil.certs.signer.LocalSigner;
import io.podveil.certs.signer.SignerException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.time.InstantSource;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code ca}: what concerns the authority itself. */
@Command(
    name = "ca",
    description = "Makes authorities.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    synopsisSubcommandLabel = "COMMAND")
final class CaCommand {
  private final InstantSource clock;

  CaCommand(InstantSource clock) {
    this.clock = clock;
  }

  @Command(
      name = "init",
      description = "Makes a new authority: ca.pem, and ca-key.pem that its owner alone can read.",
      mixinStandardHelpOptions = true,
      versionProvider = Version.class)
  int init(
      @Option(
              names = "--dir",
              required = true,
              paramLabel = "DIR",
              description = "Where to; made if missing. An authority there is never replaced.")
          Path directory,
      @Option(
              names = "--trust-domain",
              paramLabel = "NAME",
              defaultValue = "cluster.local",
              converter = Values.TrustDomain.class,
              description = "First part of every identity; default ${DEFAULT-VALUE}.")
          String trustDomain)
      throws IOException {
    try {
      new CaDirectory(directory).save(LocalSigner.create(trustDomain, clock));
    } catch (FileAlreadyExistsException e) {
      throw new SignerException(
          e.getFile() + " exists already; choose another directory, or remove what is there", e);
    }
    return 0;
  }
}
