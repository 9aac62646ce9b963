package io.podveil.sidecar.authority;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.podveil.sidecar.authority.Enrollment.Outcome;
import io.podveil.sidecar.testbed.CertsPlayer;
import io.podveil.sidecar.testbed.CertsPlayer.Answer;
import io.podveil.sidecar.testbed.Issued;
import io.podveil.sidecar.testbed.TestAuthority;
import io.podveil.sidecar.testbed.TestLeaf;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class EnrollmentTest {
  private static final InetAddress HERE = InetAddress.ofLiteral("127.0.0.1");
  private static final Set<InetAddress> OWN =
      Set.of(InetAddress.ofLiteral("10.0.0.1"), InetAddress.ofLiteral("fd00::1"));
  private static EventLoopGroup loops;

  private final TestAuthority authority = TestAuthority.create();
  private CertsPlayer certs;
  @TempDir Path directory;
  private Path token;
  private Path roots;

  @BeforeAll
  static void startLoops() {
    loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  }

  @AfterAll
  static void stopLoops() {
    loops.shutdownGracefully();
  }

  @BeforeEach
  void start() throws IOException {
    certs = CertsPlayer.start(authority, HERE);
    token = Files.writeString(directory.resolve("token"), CertsPlayer.token("shop", "cart") + "\n");
    roots =
        Files.writeString(directory.resolve("roots.pem"), Issued.pem(authority.roots().roots()));
  }

  @AfterEach
  void stop() {
    certs.close();
  }

  @Test
  void getsACertificateForTheServiceAccountInTheTokenAndOwnAddresses() {
    Outcome.Enrolled enrolled = (Outcome.Enrolled) attempt();

    assertThat(enrolled.identity().credential().id())
        .hasToString("spiffe://cluster.local/ns/shop/sa/cart");
    assertThat(enrolled.identity().credential().addresses()).isEqualTo(OWN);
    assertThat(enrolled.identity().roots()).isEqualTo(authority.roots());
    assertThat(enrolled.renewAfter()).isAfter(Instant.now());
    assertThat(certs.questions())
        .singleElement()
        .satisfies(question -> {
          assertThat(question.path()).isEqualTo("/v1/certificates");
          assertThat(question.bearer()).isEqualTo(CertsPlayer.token("shop", "cart"));
        });
  }

  @Test
  void readsTheTokenAfreshEachTime() throws IOException {
    attempt();
    Files.writeString(token, CertsPlayer.token("shop", "web"));

    assertThat(((Outcome.Enrolled) attempt()).identity().credential().id().shortForm())
        .isEqualTo("ns/shop/sa/web");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "a.b.c", "not a token", "e30.e30.x", "e30.W10.x", "e30.eyJzdWIiOjF9.x"})
  void saysWhenTheTokenFileHoldsNone(String content) throws IOException {
    Files.writeString(token, content);

    assertFailed(
        token + ": holds no service account's token; is it projected with audience podveil?");
    assertThat(certs.questions()).isEmpty();
  }

  @Test
  void saysWhenThereIsNoToken() throws IOException {
    Files.delete(token);

    assertFailed(token + ": is not there; is its volume mounted?");
  }

  @Test
  void saysWhenThereAreNoRoots() throws IOException {
    Files.delete(roots);

    assertFailed(
        certs.url() + ": can't be verified: " + roots + ": is not there; is its volume mounted?");
  }

  @ParameterizedTest
  @CsvSource({"401, 0", "403, 0", "422, 0", "429, 7", "503, 2"})
  void passesOnWhyItWasRefusedAndForHowLong(int status, int seconds) {
    certs.answering(question ->
        Answer.problem(status, "That was it", "the pod's token is\nof yesterday")
            .retryAfter(seconds));

    assertThat(attempt())
        .isEqualTo(
            new Outcome.Failed(
                certs.url() + ": That was it (" + status + "): the pod's token is?of yesterday",
                Duration.ofSeconds(seconds)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "<html>", "[]", "{\"title\":1}", "{}"})
  void saysWhenSomethingElseAnswers(String body) {
    certs.answering(question -> new Answer(404, java.util.Map.of(), body));

    assertFailed(certs.url() + ": answered with status 404; is it podveil-certs?");
  }

  static Stream<Arguments> wrong() {
    return Stream.of(
        wrong("another identity", leaf -> leaf.id("ns/shop/sa/web"), "2 URI names"),
        wrong("expired", leaf -> leaf.valid(ago(3), ago(2)), "is not valid now"),
        wrong("of tomorrow", leaf -> leaf.valid(ago(-2), ago(-3)), "is not valid now"),
        wrong("a CA's", TestLeaf::ca, "no X.509-SVID"),
        wrong("unable to sign", leaf -> leaf.usage(0), "lacks digitalSignature"),
        wrong(
            "another key",
            leaf -> leaf.publicKey(TestAuthority.create().root().getPublicKey()),
            "for another key than ours"));
  }

  private static Arguments wrong(String what, Consumer<TestLeaf> twist, String said) {
    return Arguments.of(what, twist, said);
  }

  private static Instant ago(int hours) {
    return Instant.now().minus(Duration.ofHours(hours));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("wrong")
  void takesNoOtherCertificateThanItAskedFor(String what, Consumer<TestLeaf> twist, String said) {
    certs.answering(question -> Answer.ok(certs.issue(question, twist)));

    assertFailed("the answer of podveil-certs can't be used: ", said);
  }

  @Test
  void takesNoCertificateThatItsRootsDoNotVouchFor() {
    certs.answering(question ->
        Answer.ok(
            new JsonObject(certs.issue(question))
                .put("roots", Issued.pem(TestAuthority.create().roots().roots()))
                .encode()));

    assertFailed("can't be used: our own certificate would be refused");
  }

  @Test
  void takesNoCertificateOfSomebodyElse() {
    certs.answering(question ->
        Answer.ok(CertsPlayer.answer(authority.issue("ns/shop/sa/cart", "10.0.0.1"), authority)));

    assertFailed("another key");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{", "[]", "{}", "{\"chain\":7}", "{\"chain\":\"\",\"roots\":\"\"}"})
  void survivesGarbage(String body) {
    certs.answering(question -> Answer.ok(body));

    assertFailed("the answer of podveil-certs can't be used: ");
  }

  @Test
  void aServerOfAnotherAuthorityGetsNoToken() throws IOException {
    Files.writeString(roots, Issued.pem(TestAuthority.create().roots().roots()));

    assertFailed(certs.url() + ": no TLS with it: ");
    assertThat(certs.questions()).isEmpty();
  }

  @Test
  void aServerOfAnotherNameGetsNoToken() {
    certs.close();
    certs =
        CertsPlayer.start(
            authority,
            HERE,
            authority.leaf().id("ns/shop/sa/evil").addresses("127.0.0.2").host("evil").issue());

    assertFailed(certs.url() + ": no TLS with it: ", "does that name this host?");
    assertThat(certs.questions()).isEmpty();
  }

  @Test
  void theServerIsKnownByItsName() {
    certs.close();
    certs =
        CertsPlayer.start(
            authority,
            HERE,
            authority.leaf().id("ns/podveil-system/sa/podveil-certs").host("localhost").issue());
    URI byName = URI.create("https://localhost:" + certs.url().getPort());

    assertThat(attempt(byName)).isInstanceOf(Outcome.Enrolled.class);
  }

  @Test
  void saysThatNobodyIsThere() {
    certs.close();

    assertFailed(certs.url() + ": connection refused");
  }

  @Test
  void waitsForASilentServerOnlySoLong() throws IOException {
    try (ServerSocket silent = new ServerSocket(0, 5, HERE)) {
      Authority patient =
          new Authority(
              URI.create("https://127.0.0.1:" + silent.getLocalPort()), roots, this::dial);

      Reply reply = patient.post("/v1/peers", "{}", new Caller.Bearer("t"), Duration.ofMillis(300));

      assertThat(reply)
          .asInstanceOf(type(Reply.Unreachable.class))
          .satisfies(it -> assertThat(it.why()).endsWith("no answer in time"));
    }
  }

  @Test
  void aMemberShowsItsCertificateInsteadOfAToken() {
    Authority over = new Authority(certs.url(), roots, this::dial);
    Issued mine = authority.issue("ns/shop/sa/cart", "10.0.0.1");
    certs.answering(question -> Answer.ok("{}"));

    Reply reply =
        over.post(
            "/v1/peers",
            "{}",
            new Caller.Member(mine.identity(authority.roots()).credential()),
            Duration.ofSeconds(10));

    assertThat(reply).isEqualTo(new Reply.Answer("{}"));
    assertThat(certs.questions())
        .containsExactly(new CertsPlayer.Question("/v1/peers", "", true, "{}"));
  }

  private void assertFailed(String... said) {
    assertThat(attempt())
        .asInstanceOf(type(Outcome.Failed.class))
        .satisfies(failed -> assertThat(failed.why()).contains(said));
  }

  private Outcome attempt() {
    return attempt(certs.url());
  }

  private Outcome attempt(URI url) {
    return new Enrollment(
            new Authority(url, roots, this::dial),
            token,
            TestAuthority.TRUST_DOMAIN,
            () -> OWN,
            InstantSource.system())
        .attempt();
  }

  private ChannelFuture dial(InetSocketAddress to) {
    return new Bootstrap()
        .group(loops)
        .channel(NioSocketChannel.class)
        .option(ChannelOption.AUTO_READ, false)
        .handler(new ChannelInboundHandlerAdapter())
        .connect(to);
  }
}
