package io.podveil.injector;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class MainTest {
  private final StringWriter complaints = new StringWriter();

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --port              | 0         | --port is "0": allowed are 1 to 65535
          --image-pull-policy | Sometimes | --image-pull-policy is "Sometimes": allowed are Always, IfNotPresent, Never
          --certs-url         | http://x  | --certs-url is "http://x": allowed are https://HOST:PORT
          --trust-domain      | A B       | --trust-domain is "A B": allowed are lower-case letters, digits, dots, dashes and underscores
          --namespace         | ../x      | --namespace is "../x": allowed are the name of a namespace
          --memory-limit      | 10Mi      | --memory-limit is "10Mi": allowed are an amount of memory such as 64Mi, at least 32Mi
          --memory-request    | 1Gi       | requests exceed limits: podveil.io/memory-request is "1Gi": allowed is at most 192Mi, the value of podveil.io/memory-limit
          --mtls-cidrs        | 10.0.0.1/8 | --mtls-cidrs is "10.0.0.1/8": allowed are networks and addresses, as in 10.0.0.0/8,fd00::/8
          --cert              | /x        | --cert and --key go together: one of them is missing
          """)
  void refusesAWrongOptionInOneLineThatSaysWhatIsAllowed(
      String option, String value, String complaint) {
    assertThat(run(Map.of(), "--sidecar-image", "i", option, value)).isEqualTo(2);
    assertThat(complaints.toString())
        .isEqualTo("podveil-injector: " + complaint + "; see podveil-injector --help\n");
  }

  @Test
  void wantsToKnowTheSidecarsImage() {
    assertThat(run(Map.of())).isEqualTo(2);
    assertThat(complaints.toString()).contains("--sidecar-image");
  }

  @Test
  void takesOptionsFromTheEnvironmentUnlessTheyAreGiven() {
    AtomicReference<Options> seen = new AtomicReference<>();
    CommandLine line =
        new CommandLine(new RunCommand(seen::set))
            .setDefaultValueProvider(
                new EnvironmentDefaults(
                    Map.of(
                        "PODVEIL_SIDECAR_IMAGE",
                        "from-env",
                        "PODVEIL_TRUST_DOMAIN",
                        "from.env",
                        "PODVEIL_PORT",
                        "")));

    assertThat(line.execute("--trust-domain", "from.line")).isZero();

    assertThat(seen.get().installation().image()).isEqualTo("from-env");
    assertThat(seen.get().installation().trustDomain()).isEqualTo("from.line");
    assertThat(seen.get().port()).isEqualTo(8443);
    assertThat(seen.get().installation().certsUrl())
        .isEqualTo("https://podveil-certs.podveil-system.svc:8443");
    assertThat(seen.get().dnsName()).isEqualTo("podveil-injector.podveil-system.svc");
  }

  @Test
  void saysWhatToDoOutsideOfACluster() {
    assertThat(run(Map.of(), "--sidecar-image", "i")).isEqualTo(1);
    assertThat(complaints.toString())
        .isEqualTo(
            "podveil-injector: KUBERNETES_SERVICE_HOST is not set: outside of a cluster, give --cert and --key\n");
  }

  private int run(Map<String, String> environment, String... args) {
    return Main.commandLine(environment).setErr(new PrintWriter(complaints, true)).execute(args);
  }
}
