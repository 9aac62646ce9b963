package io.podveil.sidecar.probe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.podveil.sidecar.probe.Check.Handler;
import io.podveil.sidecar.probe.Check.Header;
import io.podveil.sidecar.probe.Check.Kind;
import io.podveil.sidecar.probe.Check.Scheme;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ChecksTest {
  /** The injector's golden file: what it makes of contract/probes.pod.json. */
  private static final Path CONTRACT =
      Path.of("../injector/src/test/resources/contract/probes.json");

  @Test
  void readsWhatTheInjectorWrites() throws IOException {
    assertThat(Checks.parse(Files.readString(CONTRACT)).byName())
        .isEqualTo(
            Map.of(
                "db/liveness", probe(Kind.LIVENESS, 10, new Handler.Tcp(5432)),
                "db/readiness", probe(Kind.READINESS, 1, new Handler.Grpc(9000, "db")),
                "db/startup", probe(Kind.STARTUP, 1, new Handler.Grpc(9000, "")),
                "db/pre-stop/secret", hook(Kind.PRE_STOP, http(Scheme.HTTP, 9090, "/drain")),
                "proxy/startup", probe(Kind.STARTUP, 1, new Handler.Tcp(15000)),
                "web/liveness",
                    probe(
                        Kind.LIVENESS,
                        3,
                        http(
                            Scheme.HTTP,
                            8080,
                            "/healthz?deep=1&home=$(HOME)",
                            new Header("Host", "shop.example"),
                            new Header("X-Twice", "one"),
                            new Header("X-Twice", "two"))),
                "web/readiness", probe(Kind.READINESS, 1, http(Scheme.HTTPS, 8443, "/")),
                "web/post-start/secret",
                    hook(Kind.POST_START, http(Scheme.HTTP, 8080, "/started"))));
  }

  @Test
  void nothingIsNoChecks() {
    assertThat(Checks.parse("")).isEqualTo(Checks.NONE);
    assertThat(Checks.parse(" ")).isEqualTo(Checks.NONE);
    assertThat(Checks.parse("{}")).isEqualTo(Checks.NONE);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      textBlock =
          """
          {                                                    | is no list of checks:
          [1]                                                  | is no list of checks:
          {"web":{"tcp":{"port":1},"timeoutSeconds":1}}        | (a name is not container/kind or container/kind/secret)
          {"../x":{"tcp":{"port":1},"timeoutSeconds":1}}       | (a name is not container/kind or container/kind/secret)
          {"a/pre-stop/a b":{"tcp":{"port":1}}}                | (a name is not container/kind or container/kind/secret)
          {"a/pre-stop/secret":{"tcp":{}}}                     | (a/pre-stop has no port from 1 to 65535)
          {"a/exec":{"tcp":{"port":1},"timeoutSeconds":1}}     | (there is no kind exec)
          {"a/liveness":7}                                     | (is no object)
          {"a/liveness":{}}                                    | (a/liveness says not exactly one way)
          {"a/liveness":{"tcp":{},"grpc":{}}}                  | (a/liveness says not exactly one way)
          {"a/liveness":{"udp":{"port":1},"timeoutSeconds":1}} | (a/liveness says a way that is none)
          {"a/liveness":{"tcp":1,"timeoutSeconds":1}}          | (a/liveness is no object)
          {"a/liveness":{"tcp":{"port":1}}}                    | (a/liveness has no timeoutSeconds of 1 or more)
          {"a/liveness":{"tcp":{"port":1},"timeoutSeconds":0}} | (a/liveness has no timeoutSeconds of 1 or more)
          {"a/liveness":{"tcp":{"port":0},"timeoutSeconds":1}} | (a/liveness has no port from 1 to 65535)
          {"a/pre-stop":{"tcp":{"port":"80"}}}                 | (a/pre-stop has a value of the wrong type)
          {"a/pre-stop":{"grpc":{"port":80}}}                  | (a/pre-stop has no service)
          {"a/pre-stop":{"http":{"port":80,"scheme":"http"}}}  | (a/pre-stop has a scheme that is neither HTTP nor HTTPS)
          {"a/pre-stop":{"http":{"port":80,"scheme":"HTTP"}}}  | (a/pre-stop has no path)
          {"a/pre-stop":{"http":{"port":80,"scheme":"HTTP","path":"/","headers":[1]}}} | (a/pre-stop is no object)
          """)
  void saysWhatIsWrong(String text, String why) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Checks.parse(text))
        .withMessageContaining(why)
        .withMessageContaining("allowed are JSON objects of container/kind");
  }

  @Property(tries = 2000)
  void whateverIsGivenIsReadOrRefused(@ForAll("nearlyChecks") String text) {
    try {
      assertThat(Checks.parse(text)).isNotNull();
    } catch (IllegalArgumentException refused) {
      assertThat(refused.getMessage()).hasSizeLessThan(400).doesNotContain("\n");
    }
  }

  @Provide
  Arbitrary<String> nearlyChecks() {
    Arbitrary<String> piece =
        Arbitraries.of(
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "\"a/liveness\"",
            "\"http\"",
            "\"port\"",
            "80",
            "null",
            "\"timeoutSeconds\"",
            "1",
            "\"tcp\"",
            "1e99",
            "\"\\u0000/\\n\"",
            "true");
    return piece.list().ofMaxSize(25).map(pieces -> String.join("", pieces));
  }

  private static Check probe(Kind kind, int seconds, Handler handler) {
    return new Check(kind, handler, Optional.of(Duration.ofSeconds(seconds)));
  }

  private static Check hook(Kind kind, Handler handler) {
    return new Check(kind, handler, Optional.empty());
  }

  private static Handler http(Scheme scheme, int port, String path, Header... headers) {
    return new Handler.Http(scheme, port, path, List.of(headers));
  }
}
