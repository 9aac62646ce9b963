package io.podveil.sidecar.ingress;

import io.netty.channel.Channel;
import io.netty.handler.ssl.SslHandler;
import io.podveil.sidecar.identity.Identity;
import io.podveil.sidecar.net.BlackHoleWatch;
import io.podveil.sidecar.net.ClientAddress;
import io.podveil.sidecar.net.LastWord;
import io.podveil.sidecar.net.OriginalDestination;
import io.podveil.sidecar.net.Reset;
import io.podveil.sidecar.relay.Connection;
import io.podveil.sidecar.relay.Outcome.Aborted;
import io.podveil.sidecar.relay.Outcome.Refused;
import io.podveil.sidecar.relay.Relay;
import io.podveil.sidecar.relay.TcpEdge;
import io.podveil.sidecar.relay.TlsEdge;
import io.podveil.sidecar.tls.HandshakeFailure;
import io.podveil.sidecar.tls.PeerIdentity;
import io.podveil.sidecar.tls.Role;
import io.podveil.sidecar.wire.Accept;
import io.podveil.sidecar.wire.FrameCodec;
import io.podveil.sidecar.wire.Hello;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;

/** One inbound connection, from the accept to the relay; lives on one event loop. */
final class IngressConnection {
  private final Ingress ingress;
  private final Channel wire;
  private final Connection connection;
  private final Relay relay;
  private final AppDial dial;
  private final OriginalDestination to;

  IngressConnection(Ingress ingress, Channel wire, Connection connection, OriginalDestination to) {
    this.ingress = ingress;
    this.wire = wire;
    this.connection = connection;
    this.to = to;
    this.relay = new Relay(ingress.connections(), connection, this::brokenEarly);
    this.dial = new AppDial(ingress, wire.eventLoop(), connection, to);
    connection.closeWith(
        () -> wire.eventLoop().execute(() -> refuse("drained", "the sidecar was shut down")));
    BlackHoleWatch.ofThisLoop().watch(wire);
  }

  void begin(IngressRoute route) {
    switch (route) {
      case IngressRoute.DemandTls d -> handshake();
      case IngressRoute.TellApart t -> {
        wire.pipeline()
            .addLast(
                new FirstBytes(ingress.silence(), this::handshake, this::plaintext, this::gone));
        wire.config().setAutoRead(true);
      }
      case IngressRoute.Refuse(String reason, String why) -> refuse(reason, why);
    }
  }

  private void gone() {
    refuse("closed", "client closed the connection before it said anything");
  }

  /** Permissive: the client speaks something else, or waits for the server to begin. */
  private void plaintext() {
    wire.config().setAutoRead(false);
    wire.pipeline().addLast(new TcpEdge(), relay.wireEnd());
    dial.as(
        new ClientAddress(connection.client()),
        app -> {
          app.pipeline().addLast(new TcpEdge(), relay.appEnd());
          relay.splice();
        },
        failure -> {
          ingress.connections().end(connection, new Refused("app_unreachable", failure));
          Reset.now(wire);
        });
  }

  private void handshake() {
    if (!ingress.tls().usable(ingress.clock().instant())) {
      refuse(HandshakeFailure.ownCertificate(ingress.tls().identity().credential()));
      return;
    }
    ingress
        .halfOpen()
        .take(connection.client().getAddress(), () -> wire.eventLoop().execute(this::evict))
        .ifPresentOrElse(
            this::handshake,
            () ->
                refuse(
                    "shed_handshake",
                    "all places for handshakes are taken, most of them by this client; raise"
                        + " --max-handshakes"));
  }

  private void evict() {
    SslHandler tls = wire.pipeline().get(SslHandler.class);
    if (tls != null && !tls.handshakeFuture().isDone()) {
      refuse(
          "shed_handshake",
          "the handshake was not done when others needed its place; raise --max-handshakes if"
              + " nobody attacks");
    }
  }

  private void handshake(HalfOpen.Place place) {
    Duration began = connection.lasted();
    SslHandler tls = ingress.tls().server(wire.alloc());
    Identity own = ingress.tls().identity();
    wire.pipeline().addLast(tls, LastWord.HANDLER);
    wire.config().setAutoRead(true);
    ingress.connections().handshakeBegan();
    tls.handshakeFuture()
        .addListener(shaken -> {
          ingress.connections().handshakeEnded();
          ingress.halfOpen().giveBack(place);
          connection.handshaken(connection.lasted().minus(began));
          if (shaken.isSuccess()) {
            authenticated(tls, own);
          } else {
            refuse(HandshakeFailure.explain(shaken.cause(), Role.SERVER));
          }
        });
  }

  private void authenticated(SslHandler tls, Identity own) {
    Caller caller =
        new Caller(
            PeerIdentity.of(tls.engine().getSession()),
            own,
            "mtls " + tls.engine().getSession().getProtocol(),
            ((InetSocketAddress) wire.remoteAddress()).getAddress());
    secured(caller);
    if (tls.applicationProtocol() == null) {
      wire.config().setAutoRead(false);
      wire.pipeline().addLast(new TlsEdge(tls), relay.wireEnd());
      deliver(new ClientAddress(connection.client()));
      return;
    }
    wire.pipeline()
        .addLast(
            FrameCodec.server(),
            new AwaitHello(
                ingress.helloTimeout(),
                hello -> greeted(caller, hello),
                how -> refuse("no_hello", how)),
            relay.wireEnd());
  }

  private void secured(Caller caller) {
    connection.secured(
        caller.own().credential().id().shortForm(),
        caller.peer().id().shortForm(),
        caller.protocol());
  }

  private void greeted(Caller caller, Hello hello) {
    wire.config().setAutoRead(false);
    connection.id(hello.id().toString());
    InetAddress source = hello.source().getAddress();
    if (!caller.maySpeakFor(source)) {
      refuse(
          "wrong_source",
          "peer "
              + caller.peer().id().shortForm()
              + " calls for "
              + source.getHostAddress()
              + ", which is neither its own address nor in its certificate");
      return;
    }
    connection.client(hello.source());
    relay.handWireOnTo(free -> new NextHello(ingress, free, caller, to).await());
    deliver(new ClientAddress(hello.source()));
  }

  /** The caller's next connection, on a wire that carried one before. */
  void goOn(Caller caller, Hello hello) {
    wire.pipeline().addLast(relay.wireEnd());
    secured(caller);
    switch (ingress.router().route(to)) {
      case IngressRoute.Refuse(String reason, String why) -> refuse(reason, why);
      case IngressRoute.DemandTls demanded -> greeted(caller, hello);
      case IngressRoute.TellApart told -> greeted(caller, hello);
    }
  }

  private void deliver(ClientAddress client) {
    dial.as(
        client,
        app -> {
          if (wire.pipeline().get(FrameCodec.class) != null) {
            wire.writeAndFlush(Accept.ACCEPT);
          }
          app.pipeline().addLast(new TcpEdge(), relay.appEnd());
          relay.start();
        },
        failure -> {
          ingress.connections().end(connection, new Refused("app_unreachable", failure));
          relay.refuse();
        });
  }

  private void brokenEarly(Aborted how) {
    dial.cancel();
    ingress.connections().end(connection, how);
    wire.close();
  }

  private void refuse(HandshakeFailure failure) {
    if (failure.reason() == HandshakeFailure.Reason.NOT_TLS) {
      // No alert would be understood, and an end of stream would look like an empty answer.
      Reset.now(wire);
    }
    refuse(failure.reason().label(), failure.text());
  }

  private void refuse(String reason, String why) {
    ingress.connections().end(connection, new Refused(reason, why));
    dial.cancel();
    wire.close();
  }
}
