package io.podveil.sidecar.probe;

import io.netty.channel.EventLoopGroup;
import io.podveil.sidecar.net.Dialer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Answers {@code GET /probe/container/kind} with what becomes of that check. Anybody may ask, for
 * nobody can tell the kubelet from others; so nobody learns more than the outcome, and a check runs
 * once at a time, however many ask: who comes meanwhile shares the answer. A hook, which does
 * something, has a secret in its name.
 */
public final class Replays {
  /** What the paths that are answered here begin with. */
  public static final String PATH = "/probe/";

  private static final Pattern KUBELET = Pattern.compile("kube-(?:probe|lifecycle)/[0-9.+]{1,20}");
  private static final String SOME_KUBELET = "kube-probe/1";

  /** One name at one of the pod's addresses. */
  private record Asked(String name, InetAddress own) {}

  private final Checks checks;
  private final Dialer dialer;
  private final EventLoopGroup loops;
  private final Consumer<String> log;
  private final Map<Asked, Running> running = new HashMap<>();
  private final Map<String, String> failing = new HashMap<>();

  private static final class Running {
    private final Attempt attempt;
    private int askers;

    Running(Attempt attempt) {
      this.attempt = attempt;
    }
  }

  /**
   * Does nothing until asked.
   *
   * @param log told when a check begins to fail, fails for another reason, or passes again
   */
  public Replays(Checks checks, Dialer dialer, EventLoopGroup loops, Consumer<String> log) {
    this.checks = checks;
    this.dialer = dialer;
    this.loops = loops;
    this.log = log;
    if (checks.byName().values().stream().anyMatch(Check::needsTls)) {
      AnyCertificate.load();
    }
  }

  /** Answers a request whose path begins with {@link #PATH}. */
  public void answer(HttpServerRequest request) {
    String name = String.valueOf(request.path()).substring(PATH.length());
    @Nullable Check check = checks.byName().get(name);
    if (check == null) {
      text(request.response(), 404, "no check of this pod has that name\n");
    } else if (!HttpMethod.GET.equals(request.method())) {
      text(request.response().putHeader("Allow", "GET"), 405, "only GET\n");
    } else {
      replay(name, check, request);
    }
  }

  private void replay(String name, Check check, HttpServerRequest request) {
    // The address that the kubelet dialled, and would have dialled the app at. It is one of the
    // pod's own, or we would not have been connected.
    InetAddress own = InetAddress.ofLiteral(request.localAddress().hostAddress());
    Running run = join(new Asked(name, own), check, agent(request));
    HttpServerResponse response = request.response();
    response.closeHandler(gone -> leave(run));
    run.attempt
        .verdict()
        .thenAccept(verdict -> {
          if (!response.closed()) {
            answer(check, verdict, request);
          }
        });
  }

  private synchronized Running join(Asked asked, Check check, String agent) {
    @Nullable Running now = running.get(asked);
    if (now == null || now.attempt.verdict().isDone()) {
      Attempt attempt = new Attempt(dialer, loops.next(), check, asked.own(), agent);
      Running begun = new Running(attempt);
      now = begun;
      running.put(asked, begun);
      attempt.verdict().thenAccept(verdict -> ended(asked, begun, check, verdict));
      attempt.begin();
    }
    now.askers++;
    return now;
  }

  /** The kubelet hung up: without us in between, the app would see that. */
  private synchronized void leave(Running run) {
    if (--run.askers == 0) {
      run.attempt.giveUp();
    }
  }

  private void ended(Asked asked, Running run, Check check, Verdict verdict) {
    @Nullable String line;
    synchronized (this) {
      running.remove(asked, run);
      line = news(asked, check, verdict);
    }
    if (line != null) {
      log.accept(line);
    }
  }

  /** A line when it is not as it was the last time; the kubelet asks every second or so. */
  private @Nullable String news(Asked asked, Check check, Verdict verdict) {
    String name = Checks.withoutSecret(asked.name());
    if (check.isPassedBy(verdict)) {
      return failing.remove(name) == null ? null : "probe " + name + " passes again";
    }
    @Nullable String why =
        switch (verdict) {
          case Verdict.Answered(int status) -> "answered with status " + status;
          case Verdict.Failed(int status, String words) -> words;
          case Verdict.Abandoned abandoned -> null;
        };
    return why == null || why.equals(failing.put(name, why))
        ? null
        : "probe " + name + " fails: " + target(check, asked.own()) + ": " + why;
  }

  private static String target(Check check, InetAddress own) {
    String host = HttpExchange.host(own);
    return switch (check.handler()) {
      case Check.Handler.Http(Check.Scheme scheme, int port, String path, var headers) ->
          scheme.word() + "://" + host + ":" + port;
      case Check.Handler.Tcp(int port) -> "tcp://" + host + ":" + port;
      case Check.Handler.Grpc(int port, String service) -> "grpc://" + host + ":" + port;
    };
  }

  private static void answer(Check check, Verdict verdict, HttpServerRequest request) {
    switch (verdict) {
      // No body: what an app says there may be for the kubelet alone, and that reads the status.
      case Verdict.Answered(int status) -> request.response().setStatusCode(status).end();
      // For a hook any answer is a success: that there was none is told by giving none.
      case Verdict.Failed failed when check.kind().isHook() -> request.connection().close();
      case Verdict.Failed(int status, String why) -> text(request.response(), status, why + "\n");
      case Verdict.Abandoned abandoned -> request.connection().close();
    }
  }

  /** Its version may matter to the app; nobody else gets to choose what we send. */
  private static String agent(HttpServerRequest request) {
    @Nullable String agent = request.getHeader(HttpHeaders.USER_AGENT);
    return agent != null && KUBELET.matcher(agent).matches() ? agent : SOME_KUBELET;
  }

  private static void text(HttpServerResponse response, int status, String body) {
    response.setStatusCode(status).putHeader("Content-Type", "text/plain; charset=utf-8").end(body);
  }
}
