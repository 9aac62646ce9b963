package io.podveil.sidecar.authority;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.podveil.sidecar.identity.Credential;
import io.podveil.sidecar.testbed.CertsPlayer;
import io.podveil.sidecar.testbed.CertsPlayer.Answer;
import io.podveil.sidecar.testbed.Issued;
import io.podveil.sidecar.testbed.TestAuthority;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A member's questions follow each other on one connection, as long as nothing has changed. */
class AuthorityTest {
  private final TestAuthority mesh = TestAuthority.create();
  private final EventLoopGroup loops =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final CertsPlayer certs = CertsPlayer.start(mesh, InetAddress.ofLiteral("127.0.0.1"));
  @TempDir private Path directory;
  private Path roots;
  private Authority authority;

  @BeforeEach
  void start() throws IOException {
    roots = Files.writeString(directory.resolve("roots.pem"), Issued.pem(mesh.roots().roots()));
    authority = new Authority(certs.url(), roots, this::dial);
    certs.answering(question -> Answer.ok("{}"));
  }

  @AfterEach
  void stop() {
    certs.close();
    loops.shutdownGracefully(0, 1, java.util.concurrent.TimeUnit.SECONDS).syncUninterruptibly();
  }

  @Test
  void oneHandshakeServesManyQuestions() {
    Credential cart = credential("cart");
    for (int i = 0; i < 5; i++) {
      assertAnswered(cart);
    }

    assertThat(certs.connections()).isEqualTo(1);
    assertThat(certs.questions()).hasSize(5);
  }

  @Test
  void aConnectionThatTheServerHasClosedIsReplaced() {
    certs.hangingUp();
    Credential cart = credential("cart");
    for (int i = 0; i < 5; i++) {
      assertAnswered(cart);
    }

    assertThat(certs.connections()).isEqualTo(5);
  }

  @Test
  void anotherCertificateIsShownOnAnotherConnection() {
    assertAnswered(credential("cart"));
    assertAnswered(credential("cart"));

    assertThat(certs.connections()).isEqualTo(2);
  }

  @Test
  void otherRootsAreAskedForTheirOpinion() throws IOException {
    Credential cart = credential("cart");
    assertAnswered(cart);
    Files.writeString(roots, Issued.pem(TestAuthority.create().roots().roots()));

    assertThat(ask(new Caller.Member(cart))).isInstanceOf(Reply.Unreachable.class);
  }

  @Test
  void aTokenIsSentOverAConnectionOfItsOwn() {
    for (int i = 0; i < 2; i++) {
      assertThat(ask(new Caller.Bearer("t"))).isEqualTo(new Reply.Answer("{}"));
    }

    assertThat(certs.connections()).isEqualTo(2);
  }

  @Test
  void aRefusalEndsTheConnection() {
    Credential cart = credential("cart");
    certs.answering(question -> Answer.problem(503, "busy", "come back"));
    assertThat(ask(new Caller.Member(cart))).isInstanceOf(Reply.Refusal.class);
    certs.answering(question -> Answer.ok("{}"));
    assertAnswered(cart);

    await().untilAsserted(() -> assertThat(certs.connections()).isEqualTo(2));
  }

  private Credential credential(String serviceAccount) {
    return mesh.issue("ns/shop/sa/" + serviceAccount, "10.0.0.1")
        .identity(mesh.roots())
        .credential();
  }

  private void assertAnswered(Credential as) {
    assertThat(ask(new Caller.Member(as))).isEqualTo(new Reply.Answer("{}"));
    assertThat(List.copyOf(certs.questions()))
        .last()
        .matches(CertsPlayer.Question::clientCertificate);
  }

  private Reply ask(Caller as) {
    return authority.post("/v1/peers", "{}", as, Duration.ofSeconds(20));
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
