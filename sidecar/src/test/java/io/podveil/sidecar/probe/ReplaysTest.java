package io.podveil.sidecar.probe;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.podveil.sidecar.probe.Check.Handler;
import io.podveil.sidecar.probe.Check.Header;
import io.podveil.sidecar.probe.Check.Kind;
import io.podveil.sidecar.probe.Check.Scheme;
import io.podveil.sidecar.testbed.Issued;
import io.podveil.sidecar.testbed.TestAuthority;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.PemKeyCertOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the kubelet is told, against real servers; what it expects is in its own source. */
@Timeout(60)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ReplaysTest {
  private static final String SERVING = "00000000020801";
  private static final String NOT_SERVING = "00000000020802";

  private final Vertx vertx = Vertx.vertx();
  private final AtomicInteger asked = new AtomicInteger();
  private final AtomicInteger hungUp = new AtomicInteger();
  private HttpServer app;
  private HttpServer tls;
  private HttpServer tlsOld;
  private HttpServer grpc;
  private ServerSocket tcp;
  private ServerSocket rude;
  private ServerSocket go;
  private int closed;
  private Kubelet kubelet;

  @BeforeAll
  void open() throws Exception {
    app = vertx.createHttpServer().requestHandler(this::answer).listen(0, "::").await();
    Issued expired =
        TestAuthority.create().issueBad(TestAuthority.Bad.EXPIRED, "ns/x/sa/x", "10.9.9.9");
    HttpServerOptions secure =
        new HttpServerOptions()
            .setSsl(true)
            .setUseAlpn(true)
            .setKeyCertOptions(
                new PemKeyCertOptions()
                    .setCertValue(Buffer.buffer(expired.chainPem()))
                    .setKeyValue(Buffer.buffer(expired.keyPem())));
    tls = vertx.createHttpServer(secure).requestHandler(this::answer).listen(0, "::").await();
    tlsOld =
        vertx
            .createHttpServer(
                new HttpServerOptions(secure)
                    .setAlpnVersions(List.of(HttpVersion.HTTP_1_1))
                    .setEnabledSecureTransportProtocols(Set.of("TLSv1.2")))
            .requestHandler(this::answer)
            .listen(0, "::")
            .await();
    grpc = vertx.createHttpServer().requestHandler(ReplaysTest::health).listen(0, "::").await();
    tcp = new ServerSocket(0);
    rude = new ServerSocket(0);
    Thread.ofVirtual().start(this::beRude);
    go = new ServerSocket(0);
    Thread.ofVirtual().start(this::withoutTls);
    try (ServerSocket gone = new ServerSocket(0)) {
      closed = gone.getLocalPort();
    }
    kubelet = new Kubelet(new Checks(checks()));
  }

  @AfterAll
  void close() throws IOException {
    kubelet.close();
    vertx.close().await();
    tcp.close();
    rude.close();
    go.close();
  }

  private Map<String, Check> checks() {
    Map<String, Check> checks = new HashMap<>();
    for (int status : new int[] {200, 204, 299, 304, 399, 400, 404, 500, 503}) {
      checks.put("status-" + status + "/liveness", http(app, "/status/" + status));
    }
    for (String path :
        List.of(
            "echo",
            "hang",
            "huge",
            "slow",
            "to-ok",
            "to-elsewhere",
            "to-itself",
            "to-nothing",
            "to-https",
            "no-location",
            "half",
            "hang-body")) {
      checks.put(path + "/readiness", http(app, "/" + path + "?port=" + tls.actualPort()));
    }
    checks.put(
        "headers/startup",
        probe(
            new Handler.Http(
                Scheme.HTTP,
                app.actualPort(),
                "/echo",
                List.of(
                    new Header("host", "shop.example"),
                    new Header("X-Twice", "one"),
                    new Header("X-Twice", "two"),
                    new Header("user-agent", "me"),
                    new Header("Accept", ""),
                    new Header("Content-Length", "7")))));
    checks.put(
        "evil/startup",
        probe(
            new Handler.Http(
                Scheme.HTTP,
                app.actualPort(),
                "/echo",
                List.of(new Header("X-A", "b\r\nX-C: d")))));
    checks.put("tls/liveness", https(tls, "/echo"));
    checks.put("tls/readiness", https(tls, "/status/500"));
    checks.put("tls-old/liveness", https(tlsOld, "/echo"));
    checks.put("no-tls/liveness", https(app, "/echo"));
    checks.put("tcp/liveness", probe(new Handler.Tcp(tcp.getLocalPort())));
    checks.put("closed/liveness", probe(new Handler.Tcp(closed)));
    checks.put("closed/readiness", probe(http(closed, "/")));
    checks.put("closed/startup", probe(new Handler.Grpc(closed, "")));
    checks.put("rude/liveness", probe(http(rude.getLocalPort(), "/")));
    checks.put("rude/readiness", probe(new Handler.Grpc(rude.getLocalPort(), "")));
    checks.put("http1/readiness", probe(new Handler.Grpc(tlsOld.actualPort(), "")));
    for (String service :
        List.of(
            "",
            "serving",
            "not-serving",
            "unknown",
            "unimplemented",
            "error",
            "web",
            "long",
            "silent",
            "garbage")) {
      checks.put("g" + service + "/liveness", probe(new Handler.Grpc(grpc.actualPort(), service)));
    }
    checks.put("plain/liveness", https(rude.getLocalPort()));
    checks.put(
        "plain/post-start",
        hook(new Handler.Http(Scheme.HTTPS, go.getLocalPort(), "/", List.of())));
    for (String slow : List.of("hang/readiness", "hang-body/readiness", "gsilent/liveness")) {
      checks.computeIfPresent(
          slow,
          (name, check) ->
              new Check(check.kind(), check.handler(), Optional.of(Duration.ofSeconds(1))));
    }
    checks.put("ok/post-start", hook(http(app.actualPort(), "/status/200")));
    checks.put("bad/post-start", hook(http(app.actualPort(), "/status/500")));
    checks.put("none/pre-stop/secret", hook(http(closed, "/")));
    checks.put("long/pre-stop", hook(http(app.actualPort(), "/hang")));
    return checks;
  }

  private void answer(HttpServerRequest request) {
    String path = String.valueOf(request.path());
    switch (path) {
      case "/echo" -> request.response().end(echo(request));
      case "/hang" -> {
        asked.incrementAndGet();
        request.response().closeHandler(gone -> hungUp.incrementAndGet());
      }
      case "/slow" -> {
        asked.incrementAndGet();
        vertx.setTimer(500, late -> request.response().end("late"));
      }
      case "/huge" -> request.response().end(Buffer.buffer(new byte[30_000_000]));
      case "/half" -> {
        request.response().putHeader("Content-Length", "100").write("half");
        vertx.setTimer(50, late -> request.connection().close());
      }
      case "/hang-body" -> request.response().putHeader("Content-Length", "100").write("half");
      case "/to-ok" -> redirect(request, "status/299");
      case "/to-elsewhere" -> redirect(request, "http://elsewhere.example/");
      case "/to-itself" -> redirect(request, path);
      case "/to-nothing" -> redirect(request, "http://");
      case "/to-https" ->
          redirect(request, "https://127.0.0.1:" + request.getParam("port") + "/status/299");
      case "/no-location" -> request.response().setStatusCode(302).end();
      default ->
          request
              .response()
              .setStatusCode(Integer.parseInt(path.substring("/status/".length())))
              .end();
    }
  }

  private static void redirect(HttpServerRequest request, String to) {
    request.response().setStatusCode(302).putHeader("Location", to).end();
  }

  /** What the app saw last; the answer's body is not passed on. */
  private volatile String seen = "";

  private String echo(HttpServerRequest request) {
    StringBuilder all = new StringBuilder();
    all.append(request.method()).append(' ').append(request.uri()).append(' ');
    all.append(request.version()).append('\n');
    all.append("authority: ").append(request.authority()).append('\n');
    request
        .headers()
        .forEach((name, value) ->
            all.append(name.toLowerCase(Locale.ROOT)).append(": ").append(value).append('\n'));
    seen = all.toString();
    return seen;
  }

  private static void health(HttpServerRequest request) {
    assertThat(request.version()).isEqualTo(HttpVersion.HTTP_2);
    request.bodyHandler(body -> {
      String service = body.length() <= 7 ? "" : body.getString(7, body.length());
      boolean asked =
          request.method().equals(HttpMethod.POST)
              && "/grpc.health.v1.Health/Check".equals(request.path())
              && "application/grpc".equals(request.getHeader("content-type"))
              && "trailers".equals(request.getHeader("te"))
              && Kubelet.AGENT.equals(request.getHeader("user-agent"));
      var response = request.response().putHeader("content-type", "application/grpc");
      switch (asked ? service : "error") {
        case "", "serving" -> {
          response.write(hex(SERVING));
          response.putTrailer("grpc-status", "0").end();
        }
        case "not-serving" -> {
          response.write(hex(NOT_SERVING));
          response.putTrailer("grpc-status", "0").end();
        }
        case "unimplemented" -> response.putHeader("grpc-status", "12").end();
        case "error" -> {
          response.write(hex(SERVING));
          response.putTrailer("grpc-status", "13").end();
        }
        case "web" -> response.setStatusCode(404).end("no gRPC here");
        case "long" -> response.end(Buffer.buffer(new byte[100_000]));
        case "garbage" -> {
          response.write(hex("0000000001ff"));
          response.putTrailer("grpc-status", "0").end();
        }
        case "silent" -> response.setChunked(true);
        default -> response.putHeader("grpc-status", "5").end();
      }
    });
  }

  private static Buffer hex(String text) {
    return Buffer.buffer(HexFormat.of().parseHex(text));
  }

  /** Accepts, says what is no HTTP, and closes. */
  private void beRude() {
    try {
      while (true) {
        try (Socket accepted = rude.accept()) {
          accepted.getOutputStream().write("220 mail.example\r\n".getBytes(US_ASCII));
        }
      }
    } catch (IOException e) {
      return; // Closed.
    }
  }

  /** Answers one request a connection, as Go's server does: TLS it tells that it is no HTTP. */
  private void withoutTls() {
    try {
      while (true) {
        try (Socket accepted = go.accept()) {
          byte[] begin = accepted.getInputStream().readNBytes(4);
          boolean isHttp = new String(begin, US_ASCII).equals("GET ");
          accepted
              .getOutputStream()
              .write(
                  ("HTTP/1.0 " + (isHttp ? "204 No Content" : "400 Bad Request") + "\r\n\r\n")
                      .getBytes(US_ASCII));
          accepted.shutdownOutput();
          accepted.getInputStream().readAllBytes();
        }
      }
    } catch (IOException e) {
      return; // Closed.
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {200, 204, 299, 304, 399, 400, 404, 500, 503})
  void theStatusIsPassedOn(int status) throws Exception {
    assertThat(kubelet.status("status-" + status + "/liveness")).isEqualTo(status);
  }

  @ParameterizedTest
  @CsvSource({
    "echo/readiness, 200",
    "huge/readiness, 200",
    "slow/readiness, 200",
    "to-ok/readiness, 299",
    "to-https/readiness, 299",
    "to-elsewhere/readiness, 302",
    "no-location/readiness, 302",
    "to-itself/readiness, 503",
    "to-nothing/readiness, 503",
    "half/readiness, 503",
    "hang/readiness, 504",
    "hang-body/readiness, 504",
    "evil/startup, 503",
    "tls/liveness, 200",
    "tls/readiness, 500",
    "tls-old/liveness, 200",
    "no-tls/liveness, 503",
    "tcp/liveness, 200",
    "closed/liveness, 503",
    "closed/readiness, 503",
    "closed/startup, 503",
    "rude/liveness, 503",
    "rude/readiness, 503",
    "plain/liveness, 503",
    "http1/readiness, 503",
    "g/liveness, 200",
    "gserving/liveness, 200",
    "gnot-serving/liveness, 503",
    "gunknown/liveness, 503",
    "gunimplemented/liveness, 503",
    "gerror/liveness, 503",
    "gweb/liveness, 503",
    "glong/liveness, 503",
    "ggarbage/liveness, 503",
    "gsilent/liveness, 504"
  })
  void theOutcomeIsWhatTheKubeletWouldHaveSeen(String check, int status) throws Exception {
    assertThat(kubelet.ask(check))
        .satisfies(answer -> {
          assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
          assertThat(answer.headers().firstValue("Location")).isEmpty();
        });
  }

  @Test
  void theAppSeesTheKubeletsRequest() throws Exception {
    kubelet.status("echo/readiness");
    assertThat(seen)
        .startsWith("GET /echo?port=" + tls.actualPort() + " HTTP_1_1\n")
        .contains("host: 127.0.0.1:" + app.actualPort() + "\n")
        .contains("user-agent: kube-probe/1.34\n", "accept: */*\n", "connection: close\n");
    kubelet.status("headers/startup");
    assertThat(seen)
        .contains("host: shop.example\n", "x-twice: one\n", "x-twice: two\n", "user-agent: me\n")
        .doesNotContain("accept", "content-length", "kube-probe");
    kubelet.status("tls/liveness");
    assertThat(seen)
        .startsWith("GET /echo HTTP_2\n")
        .contains("authority: 127.0.0.1:" + tls.actualPort());
  }

  @Test
  void nobodyElseChoosesWhatIsSent() throws Exception {
    kubelet
        .client()
        .send(
            HttpRequest.newBuilder(kubelet.request("127.0.0.1", "echo/readiness?x=y").uri())
                .header("User-Agent", "evil")
                .header("X-Evil", "1")
                .header("Cookie", "1")
                .build(),
            HttpResponse.BodyHandlers.ofString());
    assertThat(seen).contains("user-agent: kube-probe/1\n").doesNotContain("evil", "cookie", "x=y");
  }

  @Test
  void whatTheAppAnswersStaysInThePod() throws Exception {
    assertThat(kubelet.ask("echo/readiness").body()).isEmpty();
  }

  @Test
  void theAppIsAskedAtTheAddressAtWhichWeAre() throws Exception {
    kubelet.askAt("[::1]", "echo/readiness");
    assertThat(seen).contains("host: [::1]:" + app.actualPort() + "\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "web",
        "echo",
        "echo/liveness",
        "echo/readiness/",
        "/echo/readiness",
        "../state",
        "echo%2freadiness",
        "localhost:80/"
      })
  void nothingElseIsReplayed(String check) throws Exception {
    assertThat(kubelet.status(check)).isEqualTo(404);
  }

  @ParameterizedTest
  @ValueSource(strings = {"POST", "PUT", "DELETE", "HEAD", "OPTIONS"})
  void onlyGettingIsPossible(String method) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(kubelet.request("127.0.0.1", "echo/readiness").uri())
            .method(method, HttpRequest.BodyPublishers.noBody())
            .build();
    HttpResponse<Void> answer =
        kubelet.client().send(request, HttpResponse.BodyHandlers.discarding());
    assertThat(answer.statusCode()).isEqualTo(405);
    assertThat(answer.headers().firstValue("Allow")).contains("GET");
  }

  @Test
  void anyAnswerToAHookIsASuccess() throws Exception {
    assertThat(kubelet.status("ok/post-start")).isEqualTo(200);
    assertThat(kubelet.status("bad/post-start")).isEqualTo(500);
    assertThat(kubelet.log()).noneMatch(line -> line.contains("bad/post-start"));
  }

  @Test
  void aHookWithTlsIsTriedWithoutToo() throws Exception {
    assertThat(kubelet.status("plain/post-start")).isEqualTo(204);
  }

  @Test
  void carriesOutNoHookForWhoDoesNotKnowItsSecret() throws Exception {
    assertThat(kubelet.status("none/pre-stop")).isEqualTo(404);
    assertThat(kubelet.status("none/pre-stop/")).isEqualTo(404);
    assertThat(kubelet.status("none/pre-stop/guess")).isEqualTo(404);
  }

  @Test
  void noAnswerToAHookIsNone() {
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> kubelet.status("none/pre-stop/secret"));
    assertThat(kubelet.log())
        .contains("probe none/pre-stop fails: http://127.0.0.1:" + closed + ": connection refused");
  }

  @Test
  void whoAsksMeanwhileSharesTheAnswer() {
    int before = asked.get();
    List<CompletableFuture<HttpResponse<String>>> all =
        List.of(kubelet.asking("slow/readiness"), kubelet.asking("slow/readiness"));
    all.forEach(each -> assertThat(each.join().statusCode()).isEqualTo(200));
    assertThat(asked.get() - before).isEqualTo(1);
  }

  @Test
  void whenNobodyWaitsAnyMoreTheAppIsLeftAlone() throws Exception {
    int before = hungUp.get();
    int askedBefore = asked.get();
    Socket impatient = new Socket(InetAddress.getLoopbackAddress(), kubelet.port());
    impatient
        .getOutputStream()
        .write("GET /probe/long/pre-stop HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(US_ASCII));
    await().atMost(Duration.ofSeconds(10)).until(() -> asked.get() > askedBefore);
    TimeUnit.MILLISECONDS.sleep(1500); // Longer than any probe: a hook may take its time.
    assertThat(hungUp.get()).isEqualTo(before);
    impatient.close();
    await().atMost(Duration.ofSeconds(10)).until(() -> hungUp.get() > before);
  }

  @Test
  void aChangeIsALineAndMoreOfTheSameIsNone() throws Exception {
    AtomicInteger status = new AtomicInteger(200);
    HttpServer moody =
        vertx
            .createHttpServer()
            .requestHandler(request -> request.response().setStatusCode(status.get()).end())
            .listen(0, "::")
            .await();
    Check check = http(moody, "/secret?token=1");
    try (Kubelet own = new Kubelet(new Checks(Map.of("moody/liveness", check)))) {
      for (int each : new int[] {200, 500, 500, 503, 200, 200}) {
        status.set(each);
        assertThat(own.status("moody/liveness")).isEqualTo(each);
      }
      String at = "http://127.0.0.1:" + moody.actualPort();
      assertThat(own.log())
          .containsExactly(
              "probe moody/liveness fails: " + at + ": answered with status 500",
              "probe moody/liveness fails: " + at + ": answered with status 503",
              "probe moody/liveness passes again");
    }
  }

  private static Check http(HttpServer server, String path) {
    return probe(http(server.actualPort(), path));
  }

  private static Handler http(int port, String path) {
    return new Handler.Http(Scheme.HTTP, port, path, List.of());
  }

  private static Check https(HttpServer server, String path) {
    return probe(new Handler.Http(Scheme.HTTPS, server.actualPort(), path, List.of()));
  }

  private static Check https(int port) {
    return probe(new Handler.Http(Scheme.HTTPS, port, "/", List.of()));
  }

  private static Check probe(Handler handler) {
    return new Check(Kind.LIVENESS, handler, Optional.of(Duration.ofSeconds(10)));
  }

  private static Check hook(Handler handler) {
    return new Check(Kind.PRE_STOP, handler, Optional.empty());
  }
}
