package io.podveil.sidecar.authority;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.podveil.sidecar.identity.Credential;
import io.podveil.sidecar.identity.IdentityException;
import io.podveil.sidecar.identity.MountedFile;
import io.podveil.sidecar.identity.TrustBundle;
import io.podveil.sidecar.net.LastWord;
import io.podveil.sidecar.net.NetworkFailure;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import javax.net.ssl.SSLException;

/**
 * Asks podveil-certs over HTTPS, verified by the trust roots that are mounted at that moment. The
 * token goes over a connection of its own each time; a member's questions follow each other on one
 * for as long as they come soon after each other.
 */
public final class Authority {
  private static final int HTTPS = 443;

  /** Room for what 500 addresses may answer; no honest answer is larger. */
  private static final int MAX_ANSWER = 4 * 1024 * 1024;

  /**
   * What is asked, and by whom.
   *
   * @param trusted the roots that must vouch for who answers, in PEM
   */
  private record Question(String path, String body, Caller caller, String trusted) {}

  private final URI url;
  private final String host;
  private final int port;
  private final Path roots;
  private final Function<InetSocketAddress, ChannelFuture> dial;
  private final Spare spare = new Spare();

  /**
   * Asks nothing yet.
   *
   * @param url {@code https://} and a host that the server's certificate names
   * @param roots the trust roots, in PEM
   * @param dial opens a connection that our own capture rules leave alone, and reads nothing from
   *     it
   */
  public Authority(URI url, Path roots, Function<InetSocketAddress, ChannelFuture> dial) {
    this.url = url;
    this.host = url.getHost().replaceAll("[\\[\\]]", "");
    this.port = url.getPort() < 0 ? HTTPS : url.getPort();
    this.roots = roots;
    this.dial = dial;
  }

  /**
   * Asks, and waits for what becomes of it. Blocks.
   *
   * @param patience for the whole of it, name lookup and all
   */
  public Reply post(String path, String body, Caller caller, Duration patience) {
    long deadline = System.nanoTime() + patience.toNanos();
    try {
      Question question =
          new Question(path, body, caller, new String(MountedFile.read(roots), ISO_8859_1));
      Optional<Reply> again = askOverSpare(question, patience.dividedBy(2));
      return again.isPresent() ? again.get() : ask(question, deadline);
    } catch (UnknownHostException e) {
      return unreachable("its name is not known to DNS");
    } catch (IdentityException e) {
      return unreachable("can't be verified: " + e.getMessage());
    } catch (SSLException e) {
      return unreachable("our own certificate can't be used: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return unreachable("interrupted");
    }
  }

  /** A connection that was kept may be dead by now, of which only silence tells. */
  private Optional<Reply> askOverSpare(Question question, Duration patience)
      throws InterruptedException {
    if (!(question.caller() instanceof Caller.Member(Credential credential))) {
      return Optional.empty();
    }
    Optional<Channel> kept = spare.take(credential, question.trusted());
    if (kept.isEmpty()) {
      return Optional.empty();
    }
    Reply reply = exchange(kept.get(), question, System.nanoTime() + patience.toNanos());
    return reply instanceof Reply.Unreachable ? Optional.empty() : Optional.of(reply);
  }

  /** Tries one address after another, as long as nothing was said. */
  private Reply ask(Question question, long deadline)
      throws UnknownHostException, InterruptedException, SSLException {
    SslContext tls = context(question);
    Reply last = unreachable("its name has no address");
    for (InetAddress address : InetAddress.getAllByName(host)) {
      ChannelFuture dialled = dial.apply(new InetSocketAddress(address, port));
      if (!dialled.await(left(deadline), TimeUnit.NANOSECONDS)) {
        dialled.channel().close();
        return unreachable("no connection in time");
      }
      if (dialled.isSuccess()) {
        Channel channel = dialled.channel();
        channel
            .pipeline()
            .addLast(
                tls.newHandler(channel.alloc(), host, port),
                new HttpClientCodec(),
                new HttpObjectAggregator(MAX_ANSWER),
                LastWord.HANDLER);
        return exchange(channel, question, deadline);
      }
      last = unreachable(NetworkFailure.text(dialled.cause()));
    }
    return last;
  }

  private Reply exchange(Channel channel, Question question, long deadline)
      throws InterruptedException {
    CompletableFuture<Reply> reply = new CompletableFuture<>();
    channel.pipeline().addLast(new Exchange(url, reply));
    channel.config().setAutoRead(true);
    channel.writeAndFlush(request(question));
    Reply said =
        reply
            .completeOnTimeout(
                unreachable("no answer in time"), left(deadline), TimeUnit.NANOSECONDS)
            .join();
    if (said instanceof Reply.Answer
        && question.caller() instanceof Caller.Member(Credential credential)) {
      spare.keep(channel, credential, question.trusted());
    } else {
      channel.close().await();
    }
    return said;
  }

  private static long left(long deadline) {
    return Math.max(1, deadline - System.nanoTime());
  }

  private Reply unreachable(String why) {
    return new Reply.Unreachable(url + ": " + why);
  }

  private FullHttpRequest request(Question question) {
    FullHttpRequest request =
        new DefaultFullHttpRequest(
            HttpVersion.HTTP_1_1,
            HttpMethod.POST,
            question.path(),
            Unpooled.wrappedBuffer(question.body().getBytes(UTF_8)));
    request
        .headers()
        .set(HttpHeaderNames.HOST, url.getAuthority())
        .set(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.APPLICATION_JSON)
        .set(HttpHeaderNames.CONTENT_LENGTH, request.content().readableBytes());
    if (question.caller() instanceof Caller.Bearer(String token)) {
      request
          .headers()
          .set(HttpHeaderNames.AUTHORIZATION, "Bearer " + token)
          .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    }
    return request;
  }

  /** Made anew each time: the roots may have changed, and so may we. */
  private SslContext context(Question question) throws SSLException {
    TrustBundle trusted;
    try {
      trusted = TrustBundle.parse(question.trusted().getBytes(ISO_8859_1));
    } catch (IdentityException e) {
      throw new IdentityException(roots + ": " + e.getMessage(), e);
    }
    // The server's name is checked against its certificate: that is this builder's default.
    SslContextBuilder builder =
        SslContextBuilder.forClient()
            .protocols("TLSv1.3")
            .trustManager(trusted.roots().toArray(X509Certificate[]::new));
    if (question.caller() instanceof Caller.Member(Credential credential)) {
      builder.keyManager(credential.key(), credential.chain().toArray(X509Certificate[]::new));
    }
    return builder.build();
  }
}
