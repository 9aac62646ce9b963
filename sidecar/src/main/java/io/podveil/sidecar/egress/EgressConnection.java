package io.podveil.sidecar.egress;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.RecvByteBufAllocator;
import io.netty.handler.ssl.SslHandler;
import io.podveil.sidecar.net.BlackHoleWatch;
import io.podveil.sidecar.net.ClientAddress;
import io.podveil.sidecar.net.LastWord;
import io.podveil.sidecar.net.NetworkFailure;
import io.podveil.sidecar.net.OriginalDestination;
import io.podveil.sidecar.net.Reset;
import io.podveil.sidecar.peers.Peer;
import io.podveil.sidecar.relay.Connection;
import io.podveil.sidecar.relay.Outcome;
import io.podveil.sidecar.relay.Outcome.Aborted;
import io.podveil.sidecar.relay.Outcome.Refused;
import io.podveil.sidecar.relay.Relay;
import io.podveil.sidecar.relay.TcpEdge;
import io.podveil.sidecar.relay.TlsEdge;
import io.podveil.sidecar.tls.HandshakeFailure;
import io.podveil.sidecar.tls.PeerIdentity;
import io.podveil.sidecar.tls.Role;
import io.podveil.sidecar.wire.ConnectionId;
import io.podveil.sidecar.wire.FrameCodec;
import io.podveil.sidecar.wire.HeadroomAllocator;
import io.podveil.sidecar.wire.Hello;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** One outbound connection, from the accept to the relay; lives on one event loop. */
final class EgressConnection {
  private static final RecvByteBufAllocator APP_READS = new HeadroomAllocator();

  /** How many of a Service's endpoints may fail before the app is told. */
  private static final int MAX_FAILED = 3;

  /** What a meshed pod's sidecar does not answer with, but another pod at its address may. */
  private static final Set<HandshakeFailure.Reason> PROVE_ANSWERS_WRONG =
      Set.of(HandshakeFailure.Reason.NOT_TLS, HandshakeFailure.Reason.CLOSED);

  private final Egress egress;
  private final Channel app;
  private final Connection connection;
  private final Relay relay;
  private final Set<InetSocketAddress> failed = new HashSet<>();
  private final OriginalDestination to;
  private Peer peer = new Peer.Unasked();
  private boolean askedAgain;
  private @Nullable Channel wire;

  EgressConnection(Egress egress, Channel app, Connection connection, OriginalDestination to) {
    this.egress = egress;
    this.to = to;
    this.app = app;
    this.connection = connection;
    this.relay = new Relay(egress.connections(), connection, this::appLeftEarly);
    connection.closeWith(
        () -> app.eventLoop().execute(() -> refuse("drained", "the sidecar was shut down")));
  }

  void begin() {
    app.config().setRecvByteBufAllocator(APP_READS);
    app.pipeline().addLast(new TcpEdge(), relay.appEnd());
    egress
        .router()
        .withoutAsking(to)
        .ifPresentOrElse(
            this::carryOut,
            () ->
                egress
                    .peers()
                    .ifPresentOrElse(
                        peers -> routeBy(peers.at(to.address())), () -> route(new Peer.Unasked())));
  }

  private void routeBy(CompletableFuture<Peer> answer) {
    answer.thenAccept(peer -> {
      if (app.eventLoop().inEventLoop()) {
        route(peer);
      } else {
        app.eventLoop().execute(() -> route(peer));
      }
    });
  }

  private void route(Peer peer) {
    // The app may have gone while we asked.
    if (connection.outcome().isEmpty()) {
      this.peer = peer;
      carryOut(egress.router().route(to, peer, failed));
    }
  }

  private void carryOut(EgressRoute route) {
    switch (route) {
      case EgressRoute.Encrypt(OriginalDestination to, Expected expected) -> encrypt(to, expected);
      case EgressRoute.PassThrough(OriginalDestination to) -> passThrough(to);
      case EgressRoute.Refuse(String reason, String why) -> refuse(reason, why);
    }
  }

  private void passThrough(OriginalDestination to) {
    ChannelFuture dial = dial(to);
    dial.addListener(connected -> {
      if (connected.isSuccess()) {
        connected(dial.channel());
        dial.channel().pipeline().addLast(new TcpEdge(), relay.wireEnd());
        relay.splice();
      } else {
        unreachable(to, connected.cause());
      }
    });
  }

  private void encrypt(OriginalDestination to, Expected expected) {
    if (!egress.tls().usable(egress.clock().instant())) {
      refuse(HandshakeFailure.ownCertificate(egress.tls().identity().credential()));
      return;
    }
    if (!egress.connections().beginHandshake()) {
      refuse("shed_handshake", "too many handshakes in progress; raise --max-handshakes");
      return;
    }
    ChannelFuture dial = dial(to);
    dial.addListener(connected -> {
      if (connected.isSuccess()) {
        connected(dial.channel());
        handshake(dial.channel(), to.address().getAddress(), expected);
      } else {
        egress.connections().endHandshake();
        unreachable(to, connected.cause());
      }
    });
  }

  private ChannelFuture dial(OriginalDestination to) {
    egress
        .verbose()
        .accept("egress dials " + to + " for " + new ClientAddress(connection.client()));
    ChannelFuture dial =
        egress.dialer().toWire(app.eventLoop(), to, new ChannelInboundHandlerAdapter());
    wire = dial.channel();
    return dial;
  }

  private void connected(Channel wire) {
    connection.connected(connection.lasted());
    BlackHoleWatch.ofThisLoop().watch(wire);
  }

  /** Nothing was sent, so another of a Service's endpoints is as good. */
  private void unreachable(OriginalDestination dialled, Throwable cause) {
    if (peer instanceof Peer.Service
        && failed.size() < MAX_FAILED
        && failed.add(dialled.address())) {
      route(peer);
      return;
    }
    refuse(
        "unreachable",
        "unreachable: " + NetworkFailure.text(cause) + "; is anything listening there?");
  }

  private void handshake(Channel wire, InetAddress dialled, Expected expected) {
    Duration began = connection.lasted();
    SslHandler tls = egress.tls().client(wire.alloc());
    String self = egress.tls().identity().credential().id().shortForm();
    wire.pipeline().addLast(tls, LastWord.HANDLER);
    wire.config().setAutoRead(true);
    tls.handshakeFuture()
        .addListener(shaken -> {
          egress.connections().endHandshake();
          connection.handshaken(connection.lasted().minus(began));
          if (shaken.isSuccess()) {
            authorize(wire, tls, dialled, expected, self);
          } else {
            HandshakeFailure failure = HandshakeFailure.explain(shaken.cause(), Role.CLIENT);
            doubt(refused(failure), PROVE_ANSWERS_WRONG.contains(failure.reason()));
          }
        });
  }

  /**
   * Whoever answered is not who should. What we know may be old, for addresses pass from pod to
   * pod: asked again, and tried once more, as none of the app's bytes has left.
   */
  private void doubt(Refused refused, boolean askAgain) {
    if (askAgain && !askedAgain && !(peer instanceof Peer.Unasked) && egress.peers().isPresent()) {
      askedAgain = true;
      if (wire != null) {
        wire.close();
      }
      routeBy(egress.peers().get().again(to.address()));
    } else {
      refuse(refused.reason(), refused.why());
    }
  }

  private void authorize(
      Channel wire, SslHandler tls, InetAddress dialled, Expected expected, String self) {
    PeerIdentity answered = PeerIdentity.of(tls.engine().getSession());
    Optional<Refused> objection = expected.objection(answered, dialled);
    if (objection.isPresent()) {
      doubt(objection.get(), true);
      return;
    }
    connection.secured(
        self, answered.id().shortForm(), "mtls " + tls.engine().getSession().getProtocol());
    if (tls.applicationProtocol() == null) {
      wire.pipeline().addLast(new TlsEdge(tls), relay.wireEnd());
    } else {
      greet(wire);
    }
    relay.start();
  }

  /** The app's bytes may follow at once: nothing is lost by not waiting for the ACCEPT. */
  private void greet(Channel wire) {
    ConnectionId id = ConnectionId.random();
    connection.id(id.toString());
    wire.pipeline()
        .addLast(FrameCodec.client(), new AwaitAccept(this::refusedByPeer), relay.wireEnd());
    wire.pipeline()
        .lastContext()
        .writeAndFlush(new Hello(id, connection.client(), connection.destination()));
  }

  /** The relay passes the ABORT on to the app; here only the books are kept. */
  private void refusedByPeer(@Nullable Throwable cause) {
    egress
        .connections()
        .end(
            connection,
            cause == null
                ? new Refused(
                    "app_unreachable",
                    "the peer's sidecar could not reach its app; is it listening on that port?")
                : refused(HandshakeFailure.explain(cause, Role.CLIENT)));
  }

  private void appLeftEarly(Aborted how) {
    if (wire != null) {
      Reset.now(wire);
    }
    Reset.now(app);
    egress.connections().end(connection, how);
  }

  private void refuse(HandshakeFailure failure) {
    Refused refused = refused(failure);
    refuse(refused.reason(), refused.why());
  }

  private static Refused refused(HandshakeFailure failure) {
    return new Refused(failure.reason().label(), failure.text());
  }

  private void refuse(String reason, String why) {
    egress.connections().end(connection, new Outcome.Refused(reason, why));
    // Out of descriptors it never was open, and can't be closed.
    if (wire != null && wire.isOpen()) {
      wire.close();
    }
    Reset.now(app);
  }
}
