package io.podveil.sidecar.probe;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.LastHttpContent;
import io.podveil.sidecar.net.NetworkFailure;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Reads an app's answer to a GET: it counts when its body is there, or enough of that. */
final class HttpAnswer extends SimpleChannelInboundHandler<HttpObject> {
  /** As much as the kubelet reads. */
  private static final int ENOUGH = 10 * 1024;

  private static final int SWITCHING_PROTOCOLS = 101;

  /** The part of an answer that matters. */
  record Head(int status, Optional<String> location) {}

  private final CompletableFuture<Head> answer;
  private @Nullable Head head;
  private int read;

  /** Completes exceptionally with a {@link BrokenAnswer}, or not at all. */
  HttpAnswer(CompletableFuture<Head> answer) {
    this.answer = answer;
  }

  /** What came was no answer; the message says why. */
  static final class BrokenAnswer extends Exception {
    private static final long serialVersionUID = 1;

    BrokenAnswer(String why) {
      super(why);
    }
  }

  @Override
  protected void channelRead0(ChannelHandlerContext ctx, HttpObject part) {
    if (part.decoderResult().isFailure()) {
      fail("what it answered is no HTTP");
      return;
    }
    if (part instanceof HttpResponse response && isFinal(response)) {
      head =
          new Head(
              response.status().code(),
              Optional.ofNullable(response.headers().get(HttpHeaderNames.LOCATION)));
    }
    if (part instanceof HttpContent content && head != null) {
      read += content.content().readableBytes();
      if (part instanceof LastHttpContent || read >= ENOUGH) {
        answer.complete(head);
      }
    }
  }

  /** Others are announcements. */
  private static boolean isFinal(HttpResponse response) {
    return response.status().codeClass() != HttpStatusClass.INFORMATIONAL
        || response.status().code() == SWITCHING_PROTOCOLS;
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    fail(NetworkFailure.text(cause));
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    fail(
        head == null
            ? "closed the connection without an answer"
            : "closed the connection in the middle of its answer");
  }

  private void fail(String why) {
    answer.completeExceptionally(new BrokenAnswer(why));
  }
}
