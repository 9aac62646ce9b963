package io.podveil.sidecar.probe;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * One check of the kubelet's.
 *
 * @param patience how long the kubelet waits for a probe; for a hook it waits without bound
 */
public record Check(Kind kind, Handler handler, Optional<Duration> patience) {
  /** What the kubelet makes of the outcome. */
  public enum Kind {
    LIVENESS,
    READINESS,
    STARTUP,
    POST_START,
    PRE_STOP;

    /** As the injector writes it: {@code post-start}. */
    String word() {
      return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** To a hook any answer is a success, where a probe looks at the status. */
    boolean isHook() {
      return this == POST_START || this == PRE_STOP;
    }
  }

  /** What is asked of the app. */
  public sealed interface Handler {
    int port();

    /**
     * A GET.
     *
     * @param path as it stands in the pod, query and all
     */
    record Http(Scheme scheme, int port, String path, List<Header> headers) implements Handler {
      /** Takes a copy of the list. */
      public Http {
        headers = List.copyOf(headers);
      }
    }

    /** That it accepts a connection. */
    record Tcp(int port) implements Handler {}

    /**
     * That it says SERVING (grpc.health.v1), without TLS.
     *
     * @param service empty for the server as a whole
     */
    record Grpc(int port, String service) implements Handler {}
  }

  /** With TLS or without. */
  public enum Scheme {
    HTTP,
    HTTPS;

    String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Of a request; there may be several of one name. */
  public record Header(String name, String value) {
    boolean is(CharSequence other) {
      return name.contentEquals(other) || name.equalsIgnoreCase(other.toString());
    }
  }

  boolean needsTls() {
    return handler instanceof Handler.Http http && http.scheme() == Scheme.HTTPS;
  }

  /** Whether the kubelet takes it for a success. */
  boolean isPassedBy(Verdict verdict) {
    return switch (verdict) {
      case Verdict.Answered(int status) -> kind.isHook() || (status >= 200 && status < 400);
      case Verdict.Failed failed -> false;
      case Verdict.Abandoned abandoned -> false;
    };
  }
}
