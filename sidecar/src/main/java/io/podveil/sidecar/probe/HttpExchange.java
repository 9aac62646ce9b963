package io.podveil.sidecar.probe;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http2.Http2StreamFrameToHttpObjectCodec;
import io.netty.handler.ssl.ApplicationProtocolNames;
import io.netty.handler.ssl.ApplicationProtocolNegotiationHandler;
import io.netty.handler.ssl.NotSslRecordException;
import io.netty.util.NetUtil;
import io.podveil.sidecar.net.LastWord;
import io.podveil.sidecar.net.NetworkFailure;
import io.podveil.sidecar.probe.Check.Handler;
import io.podveil.sidecar.probe.Check.Scheme;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** A GET and the redirects that follow, as far as the kubelet would follow them. */
final class HttpExchange {
  private static final int MOST_REQUESTS = 10;
  private static final int LONGEST_LINE = 8 * 1024;
  private static final int LONGEST_HEADERS = 64 * 1024;

  private final Attempt attempt;
  private final Check.Kind kind;
  private final Handler.Http how;
  private final String host;
  private final String agent;
  private int requests;

  /** An answer, but not in TLS. */
  private static final class WithoutTls extends Exception {
    private static final long serialVersionUID = 1;

    WithoutTls() {
      super("it speaks without TLS on this port");
    }
  }

  HttpExchange(Attempt attempt, Check.Kind kind, Handler.Http how, InetAddress own, String agent) {
    this.attempt = attempt;
    this.kind = kind;
    this.how = how;
    this.host = host(own);
    this.agent = agent;
  }

  /** As it stands in a URL. */
  static String host(InetAddress address) {
    String text = NetUtil.toAddressString(address);
    return address instanceof Inet6Address ? "[" + text + "]" : text;
  }

  void begin() {
    get(AppUrl.of(how.scheme(), host, how.port(), how.path()));
  }

  private void get(AppUrl url) {
    if (++requests > MOST_REQUESTS) {
      attempt.fail("redirected more than " + (MOST_REQUESTS - 1) + " times");
      return;
    }
    FullHttpRequest request;
    try {
      request = HttpRequests.get(url, how, agent);
    } catch (IllegalArgumentException e) {
      attempt.fail("a header of it can't be sent");
      return;
    }
    CompletableFuture<HttpAnswer.Head> answer = new CompletableFuture<>();
    answer.whenComplete((head, failure) -> {
      if (failure == null) {
        answered(url, head);
      } else if (failure instanceof WithoutTls && kind.isHook()) {
        // The kubelet's kindness to hooks alone: long ago it made all of them without TLS.
        get(new AppUrl(Scheme.HTTP, host, url.port(), url.target()));
      } else {
        attempt.fail(String.valueOf(failure.getMessage()));
      }
    });
    attempt.dial(
        url.port(),
        connected -> {
          answer.whenComplete((head, failure) -> connected.close());
          switch (url.scheme()) {
            case HTTP -> http1(connected, request, answer);
            case HTTPS -> https(connected, request, answer);
          }
        });
  }

  private void answered(AppUrl url, HttpAnswer.Head head) {
    Optional<String> location = head.location().filter(to -> isRedirect(head.status()));
    if (location.isEmpty()) {
      attempt.verdict().complete(new Verdict.Answered(head.status()));
      return;
    }
    Optional<AppUrl> next = url.redirectedTo(location.get());
    if (next.isEmpty()) {
      attempt.fail("redirected to what is no URL");
    } else if (next.get().host().equals(host)) {
      get(next.get());
    } else {
      // The kubelet goes nowhere else, and takes the redirect itself for an answer.
      attempt.verdict().complete(new Verdict.Answered(head.status()));
    }
  }

  private static boolean isRedirect(int status) {
    return switch (status) {
      case 301, 302, 303, 307, 308 -> true;
      default -> false;
    };
  }

  private static void http1(
      Channel connection, FullHttpRequest request, CompletableFuture<HttpAnswer.Head> answer) {
    connection
        .pipeline()
        .addLast(
            new HttpClientCodec(LONGEST_LINE, LONGEST_HEADERS, LONGEST_LINE),
            new HttpAnswer(answer));
    connection.config().setAutoRead(true);
    connection.writeAndFlush(request);
  }

  private static void http2(
      Channel connection, FullHttpRequest request, CompletableFuture<HttpAnswer.Head> answer) {
    Attempt.http2(connection, new Http2StreamFrameToHttpObjectCodec(false), new HttpAnswer(answer))
        .addListener(opened -> {
          if (opened.isSuccess()) {
            ((Channel) opened.getNow()).writeAndFlush(request);
          } else {
            answer.completeExceptionally(
                new HttpAnswer.BrokenAnswer(NetworkFailure.text(opened.cause())));
          }
        });
  }

  /** With whoever answers, as the kubelet has it; HTTP/2 where the app prefers that. */
  private static void https(
      Channel connection, FullHttpRequest request, CompletableFuture<HttpAnswer.Head> answer) {
    connection
        .pipeline()
        .addLast(
            AnyCertificate.TLS.newHandler(connection.alloc()),
            new ApplicationProtocolNegotiationHandler(ApplicationProtocolNames.HTTP_1_1) {
              @Override
              protected void configurePipeline(ChannelHandlerContext ctx, String protocol) {
                if (protocol.equals(ApplicationProtocolNames.HTTP_2)) {
                  http2(connection, request, answer);
                } else {
                  http1(connection, request, answer);
                }
              }

              @Override
              protected void handshakeFailure(ChannelHandlerContext ctx, Throwable cause) {
                answer.completeExceptionally(
                    cause instanceof NotSslRecordException
                        ? new WithoutTls()
                        : new HttpAnswer.BrokenAnswer(
                            "no TLS with it: " + NetworkFailure.text(cause)));
              }
            },
            LastWord.HANDLER);
    connection.config().setAutoRead(true);
  }
}
