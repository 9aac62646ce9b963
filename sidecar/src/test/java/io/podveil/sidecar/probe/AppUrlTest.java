package io.podveil.sidecar.probe;

import static org.assertj.core.api.Assertions.assertThat;

import io.podveil.sidecar.probe.Check.Scheme;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class AppUrlTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      emptyValue = "",
      textBlock =
          """
          /                            | /
          healthz                      | /healthz
          ?x=1                         | /?x=1
          /healthz?deep=1&home=$(HOME) | /healthz?deep=1&home=$(HOME)
          /a b/ü                       | /a%20b/%C3%BC
          /a%20b%2Fc                   | /a%20b%2Fc
          /100%                        | /100%25
          /%zz                         | /%25zz
          /x?y=a b                     | /x?y=a%20b
          /x?y="z"                     | /x?y="z"
          /x?a?b                       | /x?a?b
          /x#part                      | /x
          //evil.example/x             | /x
          http://evil.example/x?y      | /x?y
          https://evil.example:1       | /
          /a//b/../c                   | /a//b/../c
          """)
  void aPathIsSentAsTheKubeletSendsIt(String path, String target) {
    assertThat(AppUrl.target(path)).isEqualTo(target);
  }

  @Property(tries = 2000)
  void whateverThePathItFitsInARequestLine(@ForAll String path) {
    assertThat(AppUrl.target(path)).startsWith("/").matches("[!-~]+");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\0',
      textBlock =
          """
          /next                        | http://10.0.0.1:8080/next
          next                         | http://10.0.0.1:8080/a/next
          ../next                      | http://10.0.0.1:8080/next
          ?q=2                         | http://10.0.0.1:8080/a/b?q=2
          #top                         | http://10.0.0.1:8080/a/b?q=1
          //10.0.0.1/next              | http://10.0.0.1:80/next
          https://10.0.0.1/next        | https://10.0.0.1:443/next
          HTTPS://10.0.0.1:8443        | https://10.0.0.1:8443/
          http://other.example/x y     | http://other.example:80/x%20y
          http://[fd00::1]:1/          | http://[fd00::1]:1/
          """)
  void aRedirectIsResolved(String location, String url) {
    AppUrl from = AppUrl.of(Scheme.HTTP, "10.0.0.1", 8080, "/a/b?q=1");
    assertThat(from.redirectedTo(location).orElseThrow()).hasToString(url);
  }

  @ParameterizedTest
  @CsvSource({"ftp://10.0.0.1/", "mailto:a@b", "http://", "http://a b/"})
  void whatIsNoPlaceToGoIsNone(String location) {
    AppUrl from = AppUrl.of(Scheme.HTTP, "10.0.0.1", 8080, "/");
    assertThat(from.redirectedTo(location)).isEmpty();
  }

  @Property(tries = 2000)
  void whateverTheLocationItIsResolvedOrNot(@ForAll String location) {
    AppUrl from = AppUrl.of(Scheme.HTTP, "[fd00::1]", 8080, "/x");
    assertThat(from.redirectedTo(location))
        .satisfiesAnyOf(
            to -> assertThat(to).isEmpty(),
            to -> assertThat(to.orElseThrow().target()).startsWith("/").matches("[!-~]+"));
  }
}
