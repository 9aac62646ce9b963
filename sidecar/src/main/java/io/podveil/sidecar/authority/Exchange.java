package io.podveil.sidecar.authority;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import io.podveil.sidecar.net.NetworkFailure;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Turns what comes back on a connection into a reply: the first thing that tells counts. */
final class Exchange extends SimpleChannelInboundHandler<FullHttpResponse> {
  private static final int OK = 200;
  private static final int MAX_DETAIL = 300;

  private final URI url;
  private final CompletableFuture<Reply> reply;

  Exchange(URI url, CompletableFuture<Reply> reply) {
    this.url = url;
    this.reply = reply;
  }

  @Override
  protected void channelRead0(ChannelHandlerContext ctx, FullHttpResponse response) {
    // The connection may be asked over again.
    ctx.pipeline().remove(this);
    String body = response.content().toString(UTF_8);
    int status = response.status().code();
    reply.complete(
        status == OK
            ? new Reply.Answer(body)
            : new Reply.Refusal(
                status,
                url + ": " + problem(status, body),
                retryAfter(response.headers().get(HttpHeaderNames.RETRY_AFTER))));
  }

  @Override
  public void userEventTriggered(ChannelHandlerContext ctx, Object event) {
    if (event instanceof SslHandshakeCompletionEvent shaken && !shaken.isSuccess()) {
      reply.complete(unreachable(tlsFailure(shaken.cause())));
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    Throwable deepest = deepest(cause);
    reply.complete(
        unreachable(
            deepest instanceof SSLException ? tlsFailure(cause) : NetworkFailure.text(deepest)));
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    reply.complete(unreachable("closed the connection without an answer"));
  }

  private Reply unreachable(String why) {
    return new Reply.Unreachable(url + ": " + why);
  }

  private static String tlsFailure(Throwable cause) {
    return "no TLS with it: "
        + printable(String.valueOf(deepest(cause).getMessage()))
        + "; do the trust roots vouch for its certificate, and does that name this host?";
  }

  /** What an RFC 9457 document says for people, or the bare status where there is none. */
  private static String problem(int status, String body) {
    try {
      JsonObject problem = new JsonObject(body);
      String title = problem.getString("title");
      String detail = problem.getString("detail");
      if (title != null && detail != null) {
        return printable(title) + " (" + status + "): " + printable(detail);
      }
    } catch (DecodeException | ClassCastException e) {
      // No such document: something else answers there, and its status is all we know.
    }
    return "answered with status " + status + "; is it podveil-certs?";
  }

  /** Seconds; the other form, a date, is not what podveil-certs sends. */
  private static Duration retryAfter(@Nullable String header) {
    return header != null && header.matches("\\d{1,5}")
        ? Duration.ofSeconds(Long.parseLong(header))
        : Duration.ZERO;
  }

  private static Throwable deepest(Throwable failure) {
    Throwable deepest = failure;
    // Bounded, for nothing forbids a ring of causes.
    for (int i = 0; i < 16 && deepest.getCause() != null; i++) {
      deepest = deepest.getCause();
    }
    return deepest;
  }

  private static String printable(String text) {
    String clean = text.replaceAll("[^ -~]", "?");
    return clean.length() > MAX_DETAIL ? clean.substring(0, MAX_DETAIL) : clean;
  }
}
