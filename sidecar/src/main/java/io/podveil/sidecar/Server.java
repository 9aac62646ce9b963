package io.podveil.sidecar;

import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoopGroup;
import io.podveil.sidecar.admin.AdminServer;
import io.podveil.sidecar.admin.ConnectionLog;
import io.podveil.sidecar.admin.LibraryLog;
import io.podveil.sidecar.admin.LogWriter;
import io.podveil.sidecar.admin.Metrics;
import io.podveil.sidecar.egress.Egress;
import io.podveil.sidecar.egress.EgressRouter;
import io.podveil.sidecar.identity.Identity;
import io.podveil.sidecar.identity.IdentityFiles;
import io.podveil.sidecar.ingress.InboundMode;
import io.podveil.sidecar.ingress.Ingress;
import io.podveil.sidecar.ingress.IngressRouter;
import io.podveil.sidecar.net.AcceptPause;
import io.podveil.sidecar.net.CaptureProbe;
import io.podveil.sidecar.net.Dialer;
import io.podveil.sidecar.net.EpollTransport;
import io.podveil.sidecar.net.Listeners;
import io.podveil.sidecar.net.OwnAddresses;
import io.podveil.sidecar.relay.Connection;
import io.podveil.sidecar.relay.Connections;
import io.podveil.sidecar.tls.Tls;
import io.podveil.sidecar.tls.TlsEngine;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.internal.VertxInternal;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/** Everything that serves, wired once, top-down: identity first, sockets last. */
final class Server {
  private static final Duration HELLO_TIMEOUT = Duration.ofSeconds(10);

  /** For the last words of connections that a drain cut off. */
  private static final Duration CUT_OFF = Duration.ofSeconds(2);

  private final Configuration configuration;
  private final Clock clock = Clock.systemUTC();
  private final ConnectionLog log;
  private final LogWriter out;
  private final Consumer<String> verbose;
  private final Metrics metrics = new Metrics(Build.current().version());
  private final Tls tls;
  private final Connections connections;
  private final Vertx vertx;
  private final EventLoopGroup loops;
  private final Dialer dialer;
  private final CaptureProbe probe;
  private final Readiness readiness;
  private final List<ChannelFuture> listening;

  /**
   * Reads the identity, opens the listeners, and returns with everything running.
   *
   * @throws io.podveil.sidecar.identity.IdentityException without an identity nothing is opened
   * @throws ListenException when a port cannot be had
   */
  Server(Configuration configuration) {
    this.configuration = configuration;
    this.log = Sidecar.log(configuration.logging());
    this.out = new LogWriter(text -> log.message(text, clock));
    this.verbose = configuration.logging().verbosity() > 0 ? this::say : text -> {};
    LibraryLog.to(this::say);
    Configuration.Limits limits = configuration.limits();
    IdentityFiles files = files(configuration);
    Identity identity = files.load();
    this.tls = new Tls(identity, TlsEngine.best(this::say), limits.handshakeTimeout(), clock);
    this.connections =
        new Connections(
            DescriptorLimit.connections(limits.connections(), this::say),
            limits.handshakes(),
            connection -> verbose.accept(ConnectionLog.started(connection)),
            this::ended);
    this.vertx = vertx(limits.eventLoops());
    this.loops = ((VertxInternal) vertx).nettyEventLoopGroup();
    this.dialer = new Dialer(limits.connectTimeout());
    this.probe = new CaptureProbe(dialer);
    this.readiness = new Readiness(tls, probe, loops, clock);
    this.listening = listen(configuration.interception().listeners());
    files.watch(identity, clock, this::renewed, this::reloadRefused);
    say(
        "podveil-sidecar "
            + Build.current().version()
            + " serves as "
            + tls.identity().credential().id()
            + ", certificate valid until "
            + tls.identity().credential().notAfter());
  }

  private List<ChannelFuture> listen(Configuration.Listeners ports) {
    Listeners listeners = new Listeners(loops);
    ChannelHandler pause = new AcceptPause(this::acceptPaused);
    List<ChannelFuture> opened =
        List.of(
            listeners.egress(ports.tcp(), egress(ports).acceptor(), pause),
            listeners.ingress(ports.tls(), ingress(ports).acceptor(), pause));
    opened.forEach(Server::awaitOpen);
    AdminServer admin =
        new AdminServer(
            connections,
            metrics,
            tls::identity,
            readiness::missing,
            CaptureState.of(configuration));
    try {
      admin.listen(vertx, ports.admin()).await();
    } catch (RuntimeException e) {
      throw new ListenException("port " + ports.admin() + " can't be opened: " + e.getMessage(), e);
    }
    return opened;
  }

  private Egress egress(Configuration.Listeners ports) {
    return new Egress(
        new EgressRouter(configuration.mtlsCidrs(), ports.tcp(), OwnAddresses::contain),
        tls,
        dialer,
        connections,
        probe,
        clock,
        verbose);
  }

  private Ingress ingress(Configuration.Listeners ports) {
    InboundMode mode =
        switch (configuration.inbound()) {
          case STRICT -> InboundMode.STRICT;
          case PERMISSIVE -> InboundMode.PERMISSIVE;
        };
    return new Ingress(
        new IngressRouter(mode, Set.of(ports.tcp(), ports.tls(), ports.admin())),
        tls,
        dialer,
        connections,
        configuration.permissiveWait(),
        HELLO_TIMEOUT,
        clock,
        verbose,
        this::say,
        metrics::portFallback);
  }

  /** Stops accepting, lets live connections finish, then cuts off what is left. */
  void drain() {
    readiness.draining();
    listening.forEach(listener -> listener.channel().close().syncUninterruptibly());
    connections.drain(configuration.drain()).join();
    connections.closeAll();
    connections.drain(CUT_OFF).join();
    out.close();
  }

  private void renewed(Identity identity) {
    tls.use(identity);
    say(
        "certificate of "
            + identity.credential().id()
            + " in force for new handshakes, valid until "
            + identity.credential().notAfter()
            + ", "
            + identity.roots().roots().size()
            + " trust roots");
  }

  private void reloadRefused(String why) {
    metrics.reloadRefused();
    say(why);
  }

  private void ended(Connection connection) {
    metrics.ended(connection);
    out.line(log.line(connection, clock));
  }

  private void acceptPaused(Throwable cause) {
    metrics.acceptPaused();
    say("accepting pauses for a moment: " + cause.getMessage() + "; raise the limit on open files");
  }

  private void say(String text) {
    out.line(log.message(text, clock));
  }

  private static void awaitOpen(ChannelFuture listener) {
    try {
      listener.syncUninterruptibly();
    } catch (RuntimeException e) {
      throw new ListenException(
          "a port can't be opened: "
              + e.getMessage()
              + "; it takes CAP_NET_BIND_SERVICE and CAP_NET_RAW, and that nothing else listens"
              + " there",
          e);
    }
  }

  private static IdentityFiles files(Configuration configuration) {
    Configuration.Credentials pem = configuration.credentials();
    return new IdentityFiles(pem.cert(), pem.key(), pem.caCert(), configuration.trustDomain());
  }

  private static Vertx vertx(int eventLoops) {
    VertxOptions options = new VertxOptions().setEventLoopPoolSize(eventLoops).setWorkerPoolSize(1);
    return Vertx.builder().with(options).withTransport(new EpollTransport()).build();
  }
}
