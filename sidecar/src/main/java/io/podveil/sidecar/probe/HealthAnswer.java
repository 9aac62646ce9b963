package io.podveil.sidecar.probe;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http2.Http2DataFrame;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.handler.codec.http2.Http2HeadersFrame;
import io.netty.handler.codec.http2.Http2ResetFrame;
import io.netty.handler.codec.http2.Http2StreamFrame;
import io.podveil.sidecar.net.NetworkFailure;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Reads the answer to a gRPC health check: one message, and a status behind it. */
final class HealthAnswer extends SimpleChannelInboundHandler<Http2StreamFrame> {
  private static final int LONGEST = 4096;
  private static final int OK = 200;
  private static final int UNIMPLEMENTED = 12;
  private static final String[] SERVING_STATUS = {
    "UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"
  };

  private final CompletableFuture<Verdict> verdict;
  private final ByteBuf message = Unpooled.buffer(64, LONGEST);

  HealthAnswer(CompletableFuture<Verdict> verdict) {
    this.verdict = verdict;
  }

  @Override
  protected void channelRead0(ChannelHandlerContext ctx, Http2StreamFrame frame) {
    switch (frame) {
      case Http2HeadersFrame headers -> read(headers);
      case Http2DataFrame data when data.content().readableBytes() > message.maxWritableBytes() ->
          fail("its answer is too long for one");
      case Http2DataFrame data -> {
        message.writeBytes(data.content());
        if (data.isEndStream()) {
          fail("its answer has no gRPC status");
        }
      }
      case Http2ResetFrame reset -> fail("gave no answer, HTTP/2 error " + reset.errorCode());
      default -> {}
    }
  }

  private void read(Http2HeadersFrame frame) {
    Http2Headers headers = frame.headers();
    if (headers.status() != null && !headers.status().toString().equals("" + OK)) {
      fail("answered with HTTP status " + printable(headers.status()) + "; is it gRPC?");
    } else if (frame.isEndStream()) {
      ended(headers.get("grpc-status"));
    }
  }

  private void ended(@Nullable CharSequence status) {
    if (status == null) {
      fail("its answer has no gRPC status");
    } else if (status.toString().equals("" + UNIMPLEMENTED)) {
      fail("it does not implement the gRPC health protocol (grpc.health.v1)");
    } else if (!status.toString().equals("0")) {
      fail("answered with gRPC status " + printable(status));
    } else {
      judge(HealthMessage.status(message));
    }
  }

  private void judge(OptionalInt status) {
    if (status.isEmpty()) {
      fail("its answer can't be read");
    } else if (status.getAsInt() == HealthMessage.SERVING) {
      verdict.complete(new Verdict.Answered(OK));
    } else {
      fail("answered " + inWords(status.getAsInt()));
    }
  }

  private static String inWords(int status) {
    return status >= 0 && status < SERVING_STATUS.length
        ? SERVING_STATUS[status]
        : String.format(Locale.ROOT, "serving status %d", status);
  }

  private static String printable(CharSequence text) {
    String clean = text.toString().replaceAll("[^ -~]", "?");
    return clean.length() > 20 ? clean.substring(0, 20) : clean;
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    fail(NetworkFailure.text(cause));
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    fail("closed the connection without an answer; does it speak HTTP/2 without TLS?");
  }

  private void fail(String why) {
    verdict.complete(Verdict.failed(why));
  }
}
