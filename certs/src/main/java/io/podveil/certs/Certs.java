package io.podveil.certs;

import io.podveil.certs.files.CaDirectory;
import io.podveil.certs.files.CredentialDirectory;
import io.podveil.certs.signer.LocalSigner;
import io.podveil.certs.signer.SignerException;
import io.podveil.certs.signer.SpiffeId;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code podveil-certs}: the certificate authority of Podveil. */
@Command(
    name = "podveil-certs",
    description = "The certificate authority of Podveil.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    synopsisSubcommandLabel = "COMMAND",
    footer = {
      "",
      "Every option can also be given as environment variable PODVEIL_<OPTION>, such as",
      "PODVEIL_TRUST_DOMAIN for --trust-domain; what is given on the command line wins.",
      "",
      "Exit codes: 0 done, 1 failed, 2 used wrongly."
    })
public final class Certs {
  private final InstantSource clock;

  private Certs(InstantSource clock) {
    this.clock = clock;
  }

  public static void main(String... args) {
    System.exit(commandLine(System.getenv(), InstantSource.system()).execute(args));
  }

  static CommandLine commandLine(Map<String, String> environment, InstantSource clock) {
    CommandLine certs = new CommandLine(new Certs(clock));
    certs.addSubcommand(new CaCommand(clock));
    certs.addSubcommand(new ServeCommand(clock));
    // Last, as picocli hands these on to the subcommands that are there.
    certs.setDefaultValueProvider(new EnvironmentDefaults(environment));
    certs.setParameterExceptionHandler(OneLineErrors::usage);
    certs.setExecutionExceptionHandler(OneLineErrors::failure);
    return certs;
  }

  @Command(
      name = "issue",
      description =
          "Makes a key and signs a certificate for it: cert.pem, key.pem (mode 0600), ca.pem.",
      mixinStandardHelpOptions = true,
      versionProvider = Version.class)
  int issue(
      @Option(
              names = "--dir",
              required = true,
              paramLabel = "DIR",
              description = "The authority, as `ca init` made it.")
          Path directory,
      @Option(
              names = "--id",
              required = true,
              paramLabel = "ID",
              converter = Values.Identity.class,
              description = "Identity, such as spiffe://cluster.local/ns/default/sa/web.")
          SpiffeId id,
      @Option(
              names = "--ip",
              required = true,
              split = ",",
              paramLabel = "IP",
              converter = Values.Address.class,
              description = "Address that the workload has, IPv4 or IPv6; may be repeated.")
          List<InetAddress> addresses,
      @Option(
              names = "--hours",
              defaultValue = "24",
              paramLabel = "N",
              converter = Values.Hours.class,
              description = "Life of the certificate, 1 to 8760; default ${DEFAULT-VALUE}.")
          Duration life,
      @Option(
              names = "--out",
              required = true,
              paramLabel = "DIR",
              description = "Where to; made if missing. Files there are replaced, each at once.")
          Path out)
      throws IOException {
    CaDirectory authority = new CaDirectory(directory);
    LocalSigner signer = authority.load(clock);
    if (authority.is(out)) {
      throw new SignerException("--out is the authority's own directory; choose another one");
    }
    new CredentialDirectory(out).write(signer.issue(id, addresses, life));
    return 0;
  }
}
