package io.podveil.sidecar;

import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.EventLoopGroup;
import io.podveil.sidecar.Configuration.Credentials;
import io.podveil.sidecar.admin.AdminServer;
import io.podveil.sidecar.admin.ConnectionLog;
import io.podveil.sidecar.admin.LibraryLog;
import io.podveil.sidecar.admin.LogWriter;
import io.podveil.sidecar.admin.Metrics;
import io.podveil.sidecar.admin.ShedLines;
import io.podveil.sidecar.authority.CertificateRenewal;
import io.podveil.sidecar.egress.Egress;
import io.podveil.sidecar.egress.EgressRouter;
import io.podveil.sidecar.egress.IdleLinks;
import io.podveil.sidecar.egress.Turns;
import io.podveil.sidecar.identity.Identity;
import io.podveil.sidecar.identity.IdentityFiles;
import io.podveil.sidecar.ingress.HalfOpen;
import io.podveil.sidecar.ingress.IdleWires;
import io.podveil.sidecar.ingress.InboundMode;
import io.podveil.sidecar.ingress.Ingress;
import io.podveil.sidecar.ingress.IngressRouter;
import io.podveil.sidecar.net.AcceptPause;
import io.podveil.sidecar.net.CaptureProbe;
import io.podveil.sidecar.net.Dialer;
import io.podveil.sidecar.net.EpollTransport;
import io.podveil.sidecar.net.Listeners;
import io.podveil.sidecar.net.OriginalDestination;
import io.podveil.sidecar.net.OwnAddresses;
import io.podveil.sidecar.peers.PeerDirectory;
import io.podveil.sidecar.probe.Replays;
import io.podveil.sidecar.relay.Connection;
import io.podveil.sidecar.relay.Connections;
import io.podveil.sidecar.tls.Tls;
import io.podveil.sidecar.tls.TlsEngine;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.json.JsonObject;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Everything that serves, wired once, top-down. The admin port opens first, for it tells what we
 * wait for; nothing is let in or out before there is an identity.
 */
final class Server {
  private static final Duration HELLO_TIMEOUT = Duration.ofSeconds(10);

  /** How often what is known of peers is looked through for what gets too old. */
  private static final Duration REFRESH = Duration.ofSeconds(1);

  /** How often connections to peers are looked through for what has been idle for too long. */
  private static final Duration SWEEP = Duration.ofSeconds(5);

  /** How often to look whether memory that a load took can be given back. */
  private static final Duration TRIM = Duration.ofSeconds(15);

  /** On a machine that takes longer, being ready is more urgent. */
  private static final Duration WARM_UP = Duration.ofMillis(250);

  /** For the last words of connections that a drain cut off. */
  private static final Duration CUT_OFF = Duration.ofSeconds(2);

  private final Configuration configuration;
  private final Clock clock = Clock.systemUTC();
  private final ConnectionLog log;
  private final LogWriter out;
  private final ShedLines shedLines = new ShedLines(this::say);
  private final Consumer<Supplier<String>> verbose;
  private final Metrics metrics = new Metrics(Build.current().version());
  private final Connections connections;
  private final Vertx vertx;
  private final EventLoopGroup loops;
  private final Dialer dialer;
  private final CaptureProbe probe;
  private final IdleLinks idleLinks;
  private final IdleWires idleWires;
  private final Readiness readiness;
  private final TlsEngine engine;
  private volatile List<ChannelFuture> listening = List.of();

  /**
   * Opens the admin port, and nothing else.
   *
   * @throws ListenException when the port cannot be had
   */
  Server(Configuration configuration) {
    this.configuration = configuration;
    this.log = Sidecar.log(configuration.logging());
    this.out = new LogWriter(text -> log.message(text, clock));
    this.verbose = configuration.logging().verbosity() > 0 ? text -> say(text.get()) : text -> {};
    LibraryLog.to(this::say);
    Configuration.Limits limits = configuration.limits();
    Capacity capacity = capacity(limits.connections());
    this.idleLinks = new IdleLinks(configuration.reuse(), capacity.idle());
    this.idleWires = new IdleWires(capacity.idle());
    this.connections =
        new Connections(
            capacity.connections(),
            capacity.advice(),
            connection -> verbose.accept(() -> ConnectionLog.started(connection)),
            this::ended);
    this.vertx = vertx(limits.eventLoops());
    this.loops = ((VertxInternal) vertx).nettyEventLoopGroup();
    this.dialer = new Dialer(limits.connectTimeout());
    this.probe = new CaptureProbe(dialer);
    vertx.setPeriodic(SWEEP.toMillis(), timer -> idleLinks.sweep());
    HeapTrim trim = new HeapTrim(() -> Thread.startVirtualThread(System::gc));
    vertx.setPeriodic(TRIM.toMillis(), timer -> trim.look(connections.count()));
    this.readiness = new Readiness(probe, loops, clock);
    openAdmin(configuration.interception().listeners().admin());
    this.engine = TlsEngine.best(this::say);
  }

  /**
   * Gets an identity, however long that takes, opens the listeners, and returns with everything
   * running.
   *
   * @throws io.podveil.sidecar.identity.IdentityException when the files hold none; podveil-certs
   *     is waited for
   * @throws ListenException when a port cannot be had
   */
  void serve() {
    switch (configuration.credentials()) {
      case Credentials.Files(Path cert, Path key, Path caCert) -> {
        IdentityFiles files = new IdentityFiles(cert, key, caCert, configuration.trustDomain());
        Identity identity = files.load();
        Tls tls = tls(identity);
        open(tls, Optional.empty());
        files.watch(identity, clock, next -> renewed(tls, next), this::notRenewed);
      }
      case Credentials.Service service -> {
        FromCerts certs = new FromCerts(service, dialer, loops, clock, verbose);
        CertificateRenewal renewal =
            certs.renewal(configuration.trustDomain(), this::addresses, this::notRenewed);
        Tls tls = tls(renewal.first());
        PeerDirectory peers = certs.peers(tls);
        vertx.setPeriodic(REFRESH.toMillis(), timer -> peers.refresh());
        open(tls, Optional.of(peers));
        renewal.goOn(next -> renewed(tls, next));
      }
    }
  }

  private Tls tls(Identity identity) {
    return new Tls(identity, engine, configuration.limits().handshakeTimeout(), clock);
  }

  private void open(Tls tls, Optional<PeerDirectory> peers) {
    listening = listen(configuration.interception().listeners(), tls, peers);
    readiness.serving(tls);
    warmUp(tls);
    readiness.warm();
    say(
        "podveil-sidecar "
            + Build.current().version()
            + " serves as "
            + tls.identity().credential().id()
            + configuration.pod().inLog()
            + ", certificate valid until "
            + tls.identity().credential().notAfter());
  }

  private void warmUp(Tls tls) {
    tls.identity().credential().addresses().stream()
        .filter(OwnAddresses::contain)
        .findFirst()
        .map(own ->
            new WarmUp(tls, dialer, loops, clock, own, WARM_UP, ended -> log.line(ended, clock)))
        .ifPresent(warmUp -> warmUp.run(verbose));
  }

  private List<ChannelFuture> listen(
      Configuration.Listeners ports, Tls tls, Optional<PeerDirectory> peers) {
    Listeners listeners = new Listeners(loops, Listeners.anyAddress());
    ChannelHandler pause = new AcceptPause(this::acceptPaused);
    List<ChannelFuture> opened =
        List.of(
            listeners.egress(
                ports.tcp(),
                egress(ports, tls, peers).acceptor(OriginalDestination::ofTransparent),
                pause),
            listeners.ingress(
                ports.tls(),
                ingress(ports, tls).acceptor(OriginalDestination::ofRedirected),
                pause));
    opened.forEach(Server::awaitOpen);
    return opened;
  }

  /** What others reach us at: a pod may have interfaces that Kubernetes knows nothing of. */
  private Set<InetAddress> addresses() {
    Set<InetAddress> told = configuration.pod().addresses();
    return told.isEmpty() ? OwnAddresses.reachable() : told;
  }

  private void openAdmin(int port) {
    AdminServer admin =
        new AdminServer(
            connections,
            metrics,
            readiness::identity,
            readiness::missing,
            new Replays(configuration.checks(), dialer, loops, this::say)::answer,
            new JsonObject()
                .put("pod", configuration.pod().inState())
                .put("rules", CaptureState.of(configuration)));
    try {
      admin.listen(vertx, Listeners.anyAddress().getHostAddress(), port).await();
    } catch (RuntimeException e) {
      throw new ListenException("port " + port + " can't be opened: " + e.getMessage(), e);
    }
  }

  private Egress egress(Configuration.Listeners ports, Tls tls, Optional<PeerDirectory> peers) {
    return new Egress(
        new EgressRouter(
            configuration.mtlsCidrs(),
            configuration.outbound(),
            ports.tcp(),
            OwnAddresses::contain,
            bound -> ThreadLocalRandom.current().nextInt(bound)),
        peers,
        tls,
        idleLinks,
        new Turns(),
        dialer,
        connections,
        probe,
        clock,
        verbose);
  }

  private Ingress ingress(Configuration.Listeners ports, Tls tls) {
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
        idleWires,
        new HalfOpen(configuration.limits().handshakes()),
        configuration.permissiveWait(),
        HELLO_TIMEOUT,
        clock,
        verbose,
        this::say,
        metrics::portFallback);
  }

  /** Fewer than asked for is said at the start, fewer than the default when it matters. */
  private Capacity capacity(int wanted) {
    Capacity capacity = Capacity.of(wanted, Capacity.Bounds.ofThisProcess());
    if (capacity.connections() < wanted && wanted != Options.MAX_CONNECTIONS.byDefault()) {
      say(
          "at most "
              + capacity.connections()
              + " connections instead of "
              + wanted
              + ": "
              + capacity.advice());
    }
    return capacity;
  }

  /** Stops accepting, lets live connections finish, then cuts off what is left. */
  void drain() {
    readiness.draining();
    listening.forEach(listener -> listener.channel().close().syncUninterruptibly());
    idleLinks.close();
    idleWires.close();
    connections.drain(configuration.drain()).join();
    connections.closeAll();
    connections.drain(CUT_OFF).join();
    endLog();
  }

  /** Nothing more is to be said; what was is written. */
  void endLog() {
    out.close();
  }

  private void renewed(Tls tls, Identity identity) {
    tls.use(identity);
    idleLinks.closeAll();
    idleWires.closeAll();
    say(
        "certificate of "
            + identity.credential().id()
            + " in force for new handshakes, valid until "
            + identity.credential().notAfter()
            + ", "
            + identity.roots().roots().size()
            + " trust roots");
  }

  private void notRenewed(String why) {
    metrics.reloadRefused();
    readiness.waitingFor(why);
    say(why);
  }

  private void ended(Connection connection) {
    metrics.ended(connection);
    if (shedLines.admit(connection.outcome().orElseThrow(), System.nanoTime())) {
      out.line(log.line(connection, clock));
    }
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

  private static Vertx vertx(int eventLoops) {
    VertxOptions options = new VertxOptions().setEventLoopPoolSize(eventLoops).setWorkerPoolSize(1);
    return Vertx.builder().with(options).withTransport(new EpollTransport()).build();
  }
}
