package io.podveil.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every option, with what it takes and what it refuses, by flag and by variable. */
class OptionsTest {
  /** One row per option: good texts with the values they mean, and texts that are refused. */
  record Row(Option<?> option, Map<String, String> good, List<String> bad, String allowed) {
    @Override
    public String toString() {
      return option.flag();
    }
  }

  static Stream<Row> rows() {
    List<String> noPorts = List.of("0", "65536", "-1", "1.5", "x", "", " ", "99999999999", "٣");
    List<String> noTimes =
        List.of("", "5", "s", "-5s", "1.5s", "5 s", "5d", "999999999h", "9999999999s", "5S");
    List<String> noLists = List.of("x", ",", "80,", "0", "65536", "90-80", "1-", "1-2-3", "-1");
    List<String> noCidrs = List.of("x", ",", "10.0.0.0/33", "10.0.0.1/8", "10.1", "::/129", "/8");
    List<String> noNames = List.of("-a", ".", "a b", "a/b", "ä", "x".repeat(254));
    List<String> noFiles = List.of("", " ", "a\0b");
    return Stream.of(
        row(Options.REMOVE, of("true", "true", "false", "false"), List.of("yes", ""), "true and"),
        row(Options.AWAIT, of("0s", "PT0S", "1h", "PT1H", "500ms", "PT0.5S"), noTimes, "0s to 1h"),
        row(Options.CERT, of("/a/b.pem", "/a/b.pem", "c", "c"), noFiles, "allowed are"),
        row(Options.KEY, of("key.pem", "key.pem"), noFiles, "allowed are"),
        row(Options.CA_CERT, of("../ca", "../ca"), noFiles, "allowed are"),
        row(
            Options.CERTS_URL,
            of(
                "https://certs",
                "https://certs",
                "https://[fd00::1]:8443",
                "https://[fd00::1]:8443"),
            List.of("", "certs", "http://certs", "https://", "https://certs/v1", "https://u@certs"),
            "https://HOST:PORT"),
        row(Options.TOKEN_FILE, of("/t", "/t"), noFiles, "allowed are"),
        row(Options.ROOTS_FILE, of("r.pem", "r.pem"), noFiles, "allowed are"),
        row(Options.TCP_PORT, of("1", "1", "65535", "65535"), noPorts, "1 to 65535"),
        row(Options.TLS_PORT, of("15006", "15006"), noPorts, "1 to 65535"),
        row(Options.ADMIN_PORT, of("8080", "8080"), noPorts, "1 to 65535"),
        row(Options.EXCLUDE_INBOUND_PORTS, of("22,80-90", "22,80-90", "", ""), noLists, "allowed"),
        row(Options.EXCLUDE_OUTBOUND_PORTS, of("53", "53", "2, 1", "1-2"), noLists, "allowed"),
        row(
            Options.EXCLUDE_OUTBOUND_CIDRS,
            of("10.0.0.0/8,fd00::/8", "[10.0.0.0/8, fd00::/8]", "", "[]"),
            noCidrs,
            "not a CIDR"),
        row(
            Options.INBOUND,
            of("strict", "STRICT", "permissive", "PERMISSIVE"),
            List.of("", "open", "STRICT", "strict "),
            "strict and permissive"),
        row(Options.PERMISSIVE_WAIT, of("1ms", "PT0.001S", "1m", "PT1M"), noTimes, "1ms to 1m"),
        row(
            Options.OUTBOUND,
            of("auto", "AUTO", "strict", "STRICT"),
            List.of("", "permissive"),
            "auto and strict"),
        row(Options.MTLS_CIDRS, of("0.0.0.0/0", "[0.0.0.0/0]"), noCidrs, "not a CIDR"),
        row(
            Options.TRUST_DOMAIN,
            of("example.org", "example.org", "a_b-c", "a_b-c"),
            List.of("", "Example.org", "spiffe://a", "a/b", "ä", "x".repeat(256)),
            "lower-case"),
        row(Options.REUSE, of("0", "0", "1000", "1000"), noCounts("1001"), "0 to 1000"),
        row(Options.DRAIN, of("0s", "PT0S", "24h", "PT24H", "5m", "PT5M"), noTimes, "0s to 24h"),
        row(Options.HANDSHAKE_TIMEOUT, of("500ms", "PT0.5S"), noTimes, "100ms to 5m"),
        row(Options.CONNECT_TIMEOUT, of("100ms", "PT0.1S"), noTimes, "100ms to 5m"),
        row(Options.MAX_CONNECTIONS, of("1000000", "1000000"), noCounts("0"), "1 to 1000000"),
        row(Options.MAX_HANDSHAKES, of("1", "1"), noCounts("0"), "1 to 1000000"),
        row(Options.EVENT_LOOPS, of("64", "64"), noCounts("65"), "1 to 64"),
        row(Options.VERBOSE, of("0", "0", "9", "9"), noCounts("10"), "0 to 9"),
        row(
            Options.LOG_FORMAT,
            of("text", "TEXT", "json", "JSON"),
            List.of("", "yaml", "Text"),
            "text and json"),
        row(Options.POD_NAME, of("web-7f9.x", "web-7f9.x", "", ""), noNames, "letters"),
        row(Options.POD_NAMESPACE, of("shop", "shop", "", ""), noNames, "letters"),
        row(Options.POD_UID, of("0a-1b", "0a-1b", "", ""), noNames, "letters"),
        row(Options.SERVICE_ACCOUNT, of("cart", "cart", "", ""), noNames, "letters"),
        row(
            Options.POD_IPS,
            of("10.0.0.1, fd00::1", "[/10.0.0.1, /fd00:0:0:0:0:0:0:1]", "", "[]"),
            List.of("x", ",", "10.0.0.1,", "10.0.0", "10.0.0.0/8", "fe80::1%eth0", "localhost"),
            "IPv4 and IPv6"),
        row(
            Options.PROBES,
            of(
                "{\"web/liveness\":{\"tcp\":{\"port\":80},\"timeoutSeconds\":2}}",
                "Checks[byName={web/liveness=Check[kind=LIVENESS, handler=Tcp[port=80],"
                    + " patience=Optional[PT2S]]}]",
                "",
                "Checks[byName={}]"),
            List.of("x", "[]", "{\"web\":{}}", "{\"web/liveness\":{}}"),
            "allowed are JSON objects"));
  }

  @Test
  void theseRowsAreTheWholeTable() {
    assertThat(rows().map(Row::option).toList()).isEqualTo(Options.ALL);
  }

  @Test
  void noTwoOptionsShareANameOrAVariable() {
    assertThat(Options.ALL).extracting(Option::flag).doesNotHaveDuplicates();
    assertThat(Options.ALL).extracting(Option::variable).doesNotHaveDuplicates();
  }

  @ParameterizedTest
  @MethodSource("rows")
  void takesWhatIsGoodFromTheCommandLine(Row row) {
    row.good.forEach((text, value) ->
        assertThat(settings(row.option.flag() + "=" + text).get(row.option)).hasToString(value));
  }

  @ParameterizedTest
  @MethodSource("rows")
  void takesWhatIsGoodFromTheEnvironment(Row row) {
    row.good.forEach((text, value) -> {
      if (!text.isEmpty()) {
        assertThat(settings(Map.of(row.option.variable(), text)).get(row.option))
            .hasToString(value);
      }
    });
  }

  @ParameterizedTest
  @MethodSource("rows")
  void theCommandLineWinsOverTheEnvironment(Row row) {
    String good = row.good.keySet().iterator().next();
    Settings both =
        new Settings(line(row.option.flag() + "=" + good), Map.of(row.option.variable(), "\0"));
    assertThat(both.get(row.option)).hasToString(row.good.get(good));
  }

  @ParameterizedTest
  @MethodSource("rows")
  void refusesWhatIsBadAndSaysWhereItStoodAndWhatIsAllowed(Row row) {
    for (String bad : row.bad) {
      assertThat(refusalOf(row.option, settings(row.option.flag() + "=" + bad)))
          .startsWith(row.option.flag() + " on the command line: \"")
          .contains(bad.indexOf('\0') < 0 ? bad : "?")
          .contains(bad.indexOf('\0') < 0 ? row.allowed : "plain characters");
      if (!bad.isEmpty()) {
        assertThat(refusalOf(row.option, settings(Map.of(row.option.variable(), bad))))
            .startsWith(row.option.variable() + " in the environment: \"");
      }
    }
  }

  @ParameterizedTest
  @MethodSource("rows")
  void takesAnEmptyVariableForNone(Row row) {
    Settings none = settings(Map.of());
    Settings empty = settings(Map.of(row.option.variable(), ""));
    if (row.option.fallback() == null) {
      assertThat(refusalOf(row.option, empty))
          .isEqualTo(refusalOf(row.option, none))
          .contains("is missing", row.option.variable());
    } else {
      assertThat((Object) empty.get(row.option)).isEqualTo(none.get(row.option));
    }
  }

  private static String refusalOf(Option<?> option, Settings settings) {
    try {
      return "taken as " + settings.get(option);
    } catch (UsageException e) {
      return e.getMessage();
    }
  }

  private static Settings settings(String... args) {
    return new Settings(line(args), Map.of());
  }

  private static Settings settings(Map<String, String> environment) {
    return new Settings(line(), environment);
  }

  /** Under a command that has them all, bar those that are capture's alone. */
  private static CommandLine line(String... args) {
    boolean captures = Arrays.stream(args).anyMatch(arg -> arg.matches("--(remove|await).*"));
    return CommandLine.read(captures ? new String[] {"capture", args[0]} : args);
  }

  private static Row row(
      Option<?> option, Map<String, String> good, List<String> bad, String allowed) {
    return new Row(option, good, bad, allowed);
  }

  private static List<String> noCounts(String outOfRange) {
    return List.of(outOfRange, "-1", "", "x", "1e3", "99999999999999999999", "+1");
  }

  private static Map<String, String> of(String... textsAndValues) {
    Map<String, String> map = new LinkedHashMap<>();
    for (int i = 0; i < textsAndValues.length; i += 2) {
      map.put(textsAndValues[i], textsAndValues[i + 1]);
    }
    return map;
  }
}
