package io.podveil.sidecar.probe;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import io.podveil.sidecar.probe.Check.Handler;
import io.podveil.sidecar.probe.Check.Header;
import java.util.List;
import java.util.Optional;

/** The requests of the kubelet, header by header. */
final class HttpRequests {
  /** Go's client writes these itself, and ignores what was asked for. */
  private static final List<CharSequence> NOT_FOR_THE_ASKING =
      List.of(
          HttpHeaderNames.HOST,
          HttpHeaderNames.CONTENT_LENGTH,
          HttpHeaderNames.TRANSFER_ENCODING,
          HttpHeaderNames.TRAILER,
          HttpHeaderNames.CONNECTION,
          HttpHeaderNames.USER_AGENT,
          HttpHeaderNames.ACCEPT);

  private HttpRequests() {}

  /**
   * A GET.
   *
   * @param how the first request, whose headers go along on redirects
   * @param agent what the kubelet calls itself, if the pod does not say otherwise
   * @throws IllegalArgumentException if a header can't be sent
   */
  static FullHttpRequest get(AppUrl url, Handler.Http how, String agent) {
    FullHttpRequest request =
        new DefaultFullHttpRequest(
            HttpVersion.HTTP_1_1, HttpMethod.GET, url.target(), Unpooled.EMPTY_BUFFER);
    HttpHeaders headers = request.headers();
    headers.set(HttpHeaderNames.HOST, host(url, how));
    given(how, HttpHeaderNames.USER_AGENT).or(() -> Optional.of(agent)).stream()
        .filter(text -> !text.isEmpty())
        .forEach(text -> headers.set(HttpHeaderNames.USER_AGENT, text));
    accept(how, headers);
    for (Header header : how.headers()) {
      if (NOT_FOR_THE_ASKING.stream().noneMatch(header::is)) {
        headers.add(header.name(), header.value());
      }
    }
    headers.set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
    return request;
  }

  private static String host(AppUrl url, Handler.Http how) {
    return given(how, HttpHeaderNames.HOST)
        .filter(text -> !text.isEmpty())
        .orElseGet(url::authority);
  }

  /** Anything is welcome, unless the pod says what is, or, with an empty one, says nothing. */
  private static void accept(Handler.Http how, HttpHeaders headers) {
    Optional<String> first = given(how, HttpHeaderNames.ACCEPT);
    if (first.isEmpty()) {
      headers.set(HttpHeaderNames.ACCEPT, "*/*");
    } else if (!first.get().isEmpty()) {
      how.headers().stream()
          .filter(header -> header.is(HttpHeaderNames.ACCEPT))
          .forEach(header -> headers.add(HttpHeaderNames.ACCEPT, header.value()));
    }
  }

  private static Optional<String> given(Handler.Http how, CharSequence name) {
    return how.headers().stream().filter(header -> header.is(name)).map(Header::value).findFirst();
  }
}
