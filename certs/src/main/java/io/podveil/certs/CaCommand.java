package io.podveil.certs;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.podveil.certs.authority.LiveRotation;
import io.podveil.certs.authority.Rotation;
import io.podveil.certs.files.CaDirectory;
import io.podveil.certs.signer.LocalSigner;
import io.podveil.certs.signer.SignerException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ca}: what concerns the authority itself. */
@Command(
    name = "ca",
    description = "Makes authorities, and replaces one.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    synopsisSubcommandLabel = "COMMAND")
final class CaCommand {
  private final InstantSource clock;
  @Spec private CommandSpec spec = CommandSpec.create();

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

  @Command(
      name = "rotate",
      description =
          "Takes a live installation to a new root: add makes it known, activate lets it sign,"
              + " remove forgets the old one. Each stage refuses while it would break a"
              + " certificate in use, and says when it will not.",
      mixinStandardHelpOptions = true,
      versionProvider = Version.class)
  int rotate(
      @Option(
              names = "--stage",
              required = true,
              paramLabel = "STAGE",
              converter = Values.RotationStep.class,
              description = "add, activate or remove.")
          Rotation.Step stage,
      @Option(
              names = "--namespace",
              paramLabel = "NAME",
              defaultValue = "podveil-system",
              converter = Values.KubernetesName.class,
              description = "Namespace of the server; default ${DEFAULT-VALUE}.")
          String namespace,
      @Option(
              names = "--trust-domain",
              paramLabel = "NAME",
              defaultValue = "cluster.local",
              converter = Values.TrustDomain.class,
              description = "As the server has it; default ${DEFAULT-VALUE}.")
          String trustDomain,
      @Option(
              names = "--life",
              paramLabel = "TIME",
              defaultValue = "24h",
              converter = Values.Life.class,
              description = "As the server has it; default ${DEFAULT-VALUE}.")
          Duration life) {
    try (KubernetesClient client = ServeCommand.connect()) {
      String done = new LiveRotation(client, namespace, trustDomain, life, clock).take(stage);
      spec.commandLine().getOut().println(done);
      spec.commandLine().getOut().flush();
    }
    return 0;
  }
}
