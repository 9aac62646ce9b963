package io.podveil.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import io.podveil.sidecar.Configuration.Inbound;
import io.podveil.sidecar.Configuration.LogFormat;
import io.podveil.sidecar.Invocation.Capture;
import io.podveil.sidecar.Invocation.CaptureAndRun;
import io.podveil.sidecar.Invocation.Help;
import io.podveil.sidecar.Invocation.Invalid;
import io.podveil.sidecar.Invocation.Run;
import io.podveil.sidecar.Invocation.Version;
import io.podveil.sidecar.egress.OutboundMode;
import io.podveil.sidecar.net.Cidr;
import io.podveil.sidecar.net.Ports;
import io.podveil.sidecar.probe.Checks;
import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class InvocationTest {
  private static final Map<String, String> FILES =
      Map.of("PODVEIL_CERT", "cert.pem", "PODVEIL_KEY", "key.pem", "PODVEIL_CA_CERT", "ca.pem");

  @Test
  void withoutACommandItCapturesAndRunsWithTheDefaults() {
    Configuration configuration = ((CaptureAndRun) parse("")).configuration();

    assertThat(configuration)
        .isEqualTo(
            new Configuration(
                new Configuration.Credentials.Files(
                    Path.of("cert.pem"), Path.of("key.pem"), Path.of("ca.pem")),
                new Configuration.Interception(
                    new Configuration.Listeners(1, 2, 3), Ports.NONE, Ports.NONE, List.of()),
                Inbound.STRICT,
                Duration.ofMillis(200),
                OutboundMode.AUTO,
                Cidr.parseList("10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,fc00::/7"),
                "cluster.local",
                32,
                Duration.ofSeconds(30),
                new Configuration.Limits(
                    Duration.ofSeconds(10), Duration.ofSeconds(10), 20000, 1000, 1),
                new Configuration.Logging(0, LogFormat.TEXT),
                new PodFacts("", "", "", "", Set.of()),
                Checks.NONE));
  }

  @Test
  void runTakesEveryOptionInBothSpellings() {
    Run run =
        (Run)
            parse(
                "run --cert=a --key b --ca-cert=c --tcp-port 11 --tls-port=12 --admin-port 13 "
                    + "--inbound permissive --outbound=strict --permissive-wait=1s --mtls-cidrs 10.0.0.0/8 "
                    + "--exclude-inbound-ports=22 --exclude-outbound-ports 53,443 "
                    + "--exclude-outbound-cidrs=fe80::/10 --trust-domain example.org --reuse=3 --drain=0s "
                    + "--handshake-timeout 1s --connect-timeout=2s --max-connections 7 "
                    + "--max-handshakes=8 --event-loops 2 -v 1 --log-format=json "
                    + "--pod-name cart-1 --pod-namespace=shop --pod-uid 1-2 --service-account cart "
                    + "--pod-ips=10.0.0.1 "
                    + "--probes {\"a/liveness\":{\"tcp\":{\"port\":7},\"timeoutSeconds\":1}}");

    assertThat(run.configuration())
        .isEqualTo(
            new Configuration(
                new Configuration.Credentials.Files(Path.of("a"), Path.of("b"), Path.of("c")),
                new Configuration.Interception(
                    new Configuration.Listeners(11, 12, 13),
                    Ports.parse("22"),
                    Ports.parse("53,443"),
                    Cidr.parseList("fe80::/10")),
                Inbound.PERMISSIVE,
                Duration.ofSeconds(1),
                OutboundMode.STRICT,
                Cidr.parseList("10.0.0.0/8"),
                "example.org",
                3,
                Duration.ZERO,
                new Configuration.Limits(Duration.ofSeconds(1), Duration.ofSeconds(2), 7, 8, 2),
                new Configuration.Logging(1, LogFormat.JSON),
                new PodFacts(
                    "shop", "cart-1", "1-2", "cart", Set.of(InetAddress.ofLiteral("10.0.0.1"))),
                Checks.parse("{\"a/liveness\":{\"tcp\":{\"port\":7},\"timeoutSeconds\":1}}")));
  }

  @Test
  void captureNeedsNoCertificate() {
    Capture capture =
        (Capture) Invocation.parse(words("capture --exclude-inbound-ports 22"), Map.of());

    assertThat(capture.interception().excludedInboundPorts()).isEqualTo(Ports.parse("22"));
    assertThat(capture.remove()).isFalse();
    assertThat(capture.await()).isZero();
    assertThat(((Capture) parse("capture --remove")).remove()).isTrue();
    assertThat(((Capture) parse("capture --await 5m")).await()).isEqualTo(Duration.ofMinutes(5));
  }

  @Test
  void listsGrowWithEveryMention() {
    Capture capture =
        (Capture)
            parse(
                "capture --exclude-outbound-cidrs 10.0.0.0/8,fd00::/8 "
                    + "--exclude-outbound-ports 1 --exclude-outbound-ports 2,3 "
                    + "--exclude-outbound-cidrs=192.168.0.0/16");

    assertThat(capture.interception().excludedOutboundCidrs())
        .isEqualTo(Cidr.parseList("10.0.0.0/8,fd00::/8,192.168.0.0/16"));
    assertThat(capture.interception().excludedOutboundPorts()).isEqualTo(Ports.parse("1-3"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      textBlock =
          """
          run --inbuond strict          | --inbuond is not an option; is --inbound meant?; --help lists them all
          run --proxy 1                 | --proxy is not an option; --help lists them all
          run --tcp_port=7              | --tcp_port is not an option; is --tcp-port meant?; --help lists them all
          run -x                        | -x is not an option; is -v meant?; --help lists them all
          captur                        | "captur" is not a command; is capture meant?; allowed are capture, run, or none for both
          serve                         | "serve" is not a command; allowed are capture, run, or none for both
          run run                       | "run" comes after the command run: allowed are options only
          run --drain                   | --drain is given without a value: allowed is --drain TIME, or --drain=TIME for one that begins with dashes
          run --cert --key k            | --cert is given without a value: allowed is --cert FILE, or --cert=FILE for one that begins with dashes
          run --drain 1s --drain=2s     | --drain is given twice, as "1s" and as "2s": allowed is once
          capture --cert c              | --cert means nothing to capture; --help says what does
          run --remove                  | --remove means nothing to run; --help says what does
          --remove                      | --remove means nothing to podveil-sidecar without capture; --help says what does
          run --await 1s                | --await means nothing to run; --help says what does
          capture --remove --await=1s   | --await goes without --remove, after which nothing gets ready
          capture --remove=maybe        | --remove on the command line: "maybe" is not a choice: allowed are true and false
          run --tcp-port 3              | --tcp-port and --admin-port are both 3: allowed are three different ports
          run --inbound open            | --inbound on the command line: "open" is not a choice: allowed are strict and permissive
          run --drain 1d                | --drain on the command line: "1d" is not a time in range: allowed are 0s to 24h, as in 500ms, 30s or 5m
          """)
  void saysInOneLineWhatIsWrong(String arguments, String line) {
    assertThat(parse(arguments)).isEqualTo(new Invalid(line));
  }

  @Test
  void saysWhichFileIsMissing() {
    assertThat(Invocation.parse(words("run --cert c"), Map.of()))
        .isEqualTo(new Invalid("--key FILE is missing: give it, or set PODVEIL_KEY"));
  }

  @Test
  void podveilCertsReplacesTheFiles() {
    Run run =
        (Run)
            Invocation.parse(
                words("run --certs-url https://podveil-certs.podveil-system.svc:8443"),
                Map.of("PODVEIL_ROOTS_FILE", "/roots.pem"));

    assertThat(run.configuration().credentials())
        .isEqualTo(
            new Configuration.Credentials.Service(
                URI.create("https://podveil-certs.podveil-system.svc:8443"),
                Path.of("/var/run/secrets/podveil.io/token"),
                Path.of("/roots.pem")));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --certs-url=https://certs --key k  | --key goes without --certs-url, which has no use for files
          --token-file t                     | --token-file means nothing without --certs-url, which says where podveil-certs is
          --roots-file r --cert c            | --roots-file means nothing without --certs-url, which says where podveil-certs is
          """)
  void credentialsComeFromOnePlace(String arguments, String line) {
    assertThat(Invocation.parse(words("run " + arguments), Map.of())).isEqualTo(new Invalid(line));
  }

  @Test
  void ignoresVariablesThatKubernetesMakesForServices() {
    assertThat(
            Invocation.parse(
                words("capture"), Map.of("PODVEIL_CERTS_PORT", "tcp://10.96.0.7:8443")))
        .isInstanceOf(Capture.class);
  }

  @Test
  void captureIsNotBotheredByVariablesOfTheServingSidecar() {
    assertThat(Invocation.parse(words("capture"), Map.of("PODVEIL_INBOUND", "open")))
        .isInstanceOf(Capture.class);
  }

  @ParameterizedTest
  @EnumSource(Command.class)
  void helpNamesEveryOptionOfTheCommandWithItsDefaultAndVariable(Command command) {
    String help = ((Help) parse(command.word + " --help")).text();

    for (Option<?> option : Options.ALL) {
      String row = "%s, %s (".formatted(option.placeholder(), option.variable());
      if (option.section().concerns(command)) {
        assertThat(help).contains(option.flag(), row, option.help());
      } else {
        assertThat(help).doesNotContain(row);
      }
    }
    assertThat(help.lines()).allSatisfy(line -> assertThat(line.length()).isLessThan(120));
  }

  @ParameterizedTest
  @CsvSource({"--help", "-h", "run --nonsense --help", "--cert --help", "--version --help"})
  void whoeverAsksForHelpGetsIt(String arguments) {
    assertThat(parse(arguments)).isInstanceOf(Help.class);
  }

  @Test
  void versionNamesTheCommit() {
    assertThat(((Version) parse("--version")).text())
        .matches("podveil-sidecar \\d+\\.\\d+\\.\\d+ \\(commit [0-9a-z-]+\\)");
  }

  @Property(tries = 2000)
  void whateverIsGivenTheAnswerIsAValueAndARefusalIsOneLine(
      @ForAll("words") List<String> arguments, @ForAll("environments") Map<String, String> more) {
    if (Invocation.parse(arguments.toArray(String[]::new), more) instanceof Invalid invalid) {
      assertThat(invalid.line()).isNotBlank().hasSizeLessThan(500);
      assertThat(invalid.line().codePoints()).allMatch(OneLine::isPrintable);
    }
  }

  @Provide
  Arbitrary<List<String>> words() {
    Arbitrary<String> flag = Arbitraries.of(Options.ALL).map(Option::flag);
    Arbitrary<String> joined = flag.flatMap(f -> values().map(value -> f + "=" + value));
    Arbitrary<String> plain = Arbitraries.of("capture", "run", "-v", "--", "-", "", "=", "--=");
    return Arbitraries.oneOf(flag, joined, plain, values()).list().ofMaxSize(8);
  }

  @Provide
  Arbitrary<Map<String, String>> environments() {
    return Arbitraries.maps(Arbitraries.of(Options.ALL).map(Option::variable), values())
        .ofMaxSize(6)
        .map(InvocationTest::withFiles);
  }

  private static Arbitrary<String> values() {
    Arbitrary<String> near =
        Arbitraries.of("0", "1", "7", "65535", "10.0.0.0/8", "::/0", "30s", "strict", "json", ",")
            .list()
            .ofMinSize(1)
            .ofMaxSize(3)
            .map(parts -> String.join(",", parts));
    return Arbitraries.oneOf(near, Arbitraries.strings().ofMaxLength(100));
  }

  private static Map<String, String> withFiles(Map<String, String> environment) {
    Map<String, String> all = new HashMap<>(FILES);
    all.putAll(environment);
    return all;
  }

  private static Invocation parse(String line) {
    return Invocation.parse(words(line), FILES);
  }

  private static String[] words(String line) {
    return Stream.of(line.split(" ")).filter(word -> !word.isEmpty()).toArray(String[]::new);
  }
}
