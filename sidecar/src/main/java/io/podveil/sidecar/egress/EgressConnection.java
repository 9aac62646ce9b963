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
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** One outbound connection, from the accept to the relay; lives on one event loop. */
final class EgressConnection {
  private static final RecvByteBufAllocator APP_READS = new HeadroomAllocator();

  private final Egress egress;
  private final Channel app;
  private final Connection connection;
  private final Relay relay;
  private @Nullable Channel wire;

  EgressConnection(Egress egress, Channel app, Connection connection) {
    this.egress = egress;
    this.app = app;
    this.connection = connection;
    this.relay = new Relay(egress.connections(), connection, this::appLeftEarly);
    connection.closeWith(
        () -> app.eventLoop().execute(() -> refuse("drained", "the sidecar was shut down")));
  }

  void begin(EgressRoute route) {
    app.config().setRecvByteBufAllocator(APP_READS);
    app.pipeline().addLast(new TcpEdge(), relay.appEnd());
    switch (route) {
      case EgressRoute.Encrypt(OriginalDestination to) -> encrypt(to);
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
        unreachable(connected.cause());
      }
    });
  }

  private void encrypt(OriginalDestination to) {
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
        handshake(dial.channel(), to.address().getAddress());
      } else {
        egress.connections().endHandshake();
        unreachable(connected.cause());
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

  private void unreachable(Throwable cause) {
    refuse(
        "unreachable",
        "unreachable: " + NetworkFailure.text(cause) + "; is anything listening there?");
  }

  private void handshake(Channel wire, InetAddress dialled) {
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
            authorize(wire, tls, dialled, self);
          } else {
            refuse(HandshakeFailure.explain(shaken.cause(), Role.CLIENT));
          }
        });
  }

  private void authorize(Channel wire, SslHandler tls, InetAddress dialled, String self) {
    PeerIdentity peer = PeerIdentity.of(tls.engine().getSession());
    connection.secured(
        self, peer.id().shortForm(), "mtls " + tls.engine().getSession().getProtocol());
    if (!peer.holds(dialled)) {
      refuse(
          "wrong_address",
          "answered as "
              + peer.id().shortForm()
              + ", whose certificate does not name "
              + dialled.getHostAddress()
              + "; is another pod using this address?");
      return;
    }
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
