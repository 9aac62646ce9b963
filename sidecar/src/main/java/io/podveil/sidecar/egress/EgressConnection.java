package io.podveil.sidecar.egress;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.RecvByteBufAllocator;
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
import io.podveil.sidecar.tls.Role;
import io.podveil.sidecar.wire.HeadroomAllocator;
import java.net.InetSocketAddress;
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
      case EgressRoute.Refuse(String reason, String why) -> refuse(new Refused(reason, why));
    }
  }

  private void passThrough(OriginalDestination to) {
    egress.dialling(to, connection);
    ChannelFuture dial =
        egress.dialer().toWire(app.eventLoop(), to, new ChannelInboundHandlerAdapter());
    wire = dial.channel();
    dial.addListener(connected -> {
      if (connected.isSuccess()) {
        egress.connected(dial.channel(), connection);
        dial.channel().pipeline().addLast(new TcpEdge(), relay.wireEnd());
        connection.afterwards(this::doubtPlaintext);
        relay.splice();
      } else {
        unreachable(to, connected.cause());
      }
    });
  }

  private void encrypt(OriginalDestination to, Expected expected) {
    if (!goOnWithIdle(to, expected)) {
      dial(to, expected);
    }
  }

  private boolean goOnWithIdle(OriginalDestination to, Expected expected) {
    Optional<Link> idle =
        egress
            .idle()
            .take(
                app.eventLoop(),
                to.address(),
                link -> link.mayCarry(expected, egress.tls().identity(), egress.clock().instant()));
    idle.ifPresent(link -> goOnWith(link, expected));
    return idle.isPresent();
  }

  private void dial(OriginalDestination to, Expected expected) {
    egress.turns().await(app.eventLoop(), to.address(), turn -> dial(to, expected, turn));
  }

  /** While it waited for its turn the app may have gone, or a link become idle. */
  private void dial(OriginalDestination to, Expected expected, Turns.Turn turn) {
    if (connection.outcome().isPresent() || goOnWithIdle(to, expected)) {
      turn.end();
      return;
    }
    egress.dialling(to, connection);
    new SecureDial(
            egress,
            connection,
            to,
            result -> {
              turn.end();
              dialled(result, to, expected);
            })
        .begin(app.eventLoop(), dialling -> wire = dialling);
  }

  private void dialled(SecureDial.Result result, OriginalDestination to, Expected expected) {
    switch (result) {
      case SecureDial.Result.Linked(Link link) -> authorize(link, expected);
      case SecureDial.Result.Unreachable(Throwable cause) -> unreachable(to, cause);
      case SecureDial.Result.Refused(Refused why, boolean another) -> doubt(why, another);
    }
  }

  /** Nothing was sent, so another of a Service's endpoints is as good. */
  private void unreachable(OriginalDestination dialled, Throwable cause) {
    if (peer instanceof Peer.Service
        && failed.size() < MAX_FAILED
        && failed.add(dialled.address())) {
      // A rollout may have changed them all since we asked.
      if (!askAgain()) {
        route(peer);
      }
      return;
    }
    refuse(
        "unreachable",
        "unreachable: " + NetworkFailure.text(cause) + "; is anything listening there?");
  }

  /**
   * Whoever answered is not who should. What we know may be old, for addresses pass from pod to
   * pod: asked again, and tried once more, as none of the app's bytes has left.
   */
  private void doubt(Refused refused, boolean tellsOfAnother) {
    if (!tellsOfAnother || peer instanceof Peer.Unasked || !askAgain()) {
      refuse(refused);
    }
  }

  /** Goes on by a fresh answer; false where there was one already, or there is nobody to ask. */
  private boolean askAgain() {
    if (askedAgain || egress.peers().isEmpty()) {
      return false;
    }
    askedAgain = true;
    closeWire();
    routeBy(egress.peers().get().again(to.address()));
    return true;
  }

  /**
   * A meshed pod's sidecar resets plaintext at once, and so the address may be one's by now. What
   * was sent may have been read, so this connection is not tried again; the next one knows better.
   */
  private void doubtPlaintext(Outcome how) {
    if (peer instanceof Peer.NotMeshed
        && how instanceof Aborted(Outcome.Party by, String what)
        && by == Outcome.Party.PEER
        && connection.down() == 0) {
      egress.peers().ifPresent(peers -> peers.again(to.address()));
    }
  }

  private void authorize(Link link, Expected expected) {
    expected
        .objection(link.peer(), link.address().getAddress())
        .ifPresentOrElse(objection -> doubt(objection, true), () -> carry(link, expected));
  }

  /** On a fresh link the app's bytes may follow at once: nothing is lost by not waiting. */
  private void carry(Link link, Expected expected) {
    secured(link);
    if (link.leadsToSidecar()) {
      Greeting greeting = new Greeting(link, connection);
      greeting.begin(this::answeredFresh);
      link.wire().pipeline().addLast(relay.wireEnd());
      keepAfterwards(link, expected);
      greeting.send();
    } else {
      link.wire().pipeline().addLast(new TlsEdge(link.tls()), relay.wireEnd());
    }
    relay.start();
  }

  /** The relay passes an ABORT on to the app; here only the books are kept. */
  private void answeredFresh(AwaitAccept.Answer answer) {
    switch (answer) {
      case AwaitAccept.Answer.Accepted accepted -> {}
      case AwaitAccept.Answer.Refused refused ->
          egress.connections().end(connection, appUnreachable());
      case AwaitAccept.Answer.Lost(Throwable cause) ->
          egress
              .connections()
              .end(
                  connection,
                  cause == null
                      ? appUnreachable()
                      : refused(HandshakeFailure.explain(cause, Role.CLIENT)));
    }
  }

  /**
   * On a link that was idle nothing of the app's is read before the peer has answered: it may have
   * closed it this very moment, and then a fresh one takes its place.
   */
  private void goOnWith(Link link, Expected expected) {
    egress.goingOn(link, connection);
    wire = link.wire();
    Greeting greeting = new Greeting(link, connection);
    greeting.begin(answer -> answeredAgain(answer, link, expected));
    greeting.send();
    greeting.giveUpWhereNobodyListens();
  }

  private void answeredAgain(AwaitAccept.Answer answer, Link link, Expected expected) {
    if (connection.outcome().isPresent()) {
      return;
    }
    switch (answer) {
      case AwaitAccept.Answer.Accepted accepted -> {
        secured(link);
        link.wire().pipeline().addLast(relay.wireEnd());
        keepAfterwards(link, expected);
        relay.start();
      }
      case AwaitAccept.Answer.Refused refused -> refuse(appUnreachable());
      case AwaitAccept.Answer.Lost lost -> {
        link.wire().close();
        dial(link.dialled(), expected);
      }
    }
  }

  private void secured(Link link) {
    connection.secured(
        link.own().credential().id().shortForm(), link.peer().id().shortForm(), link.protocol());
  }

  private void keepAfterwards(Link link, Expected expected) {
    if (expected.isOfOnePod()) {
      relay.handWireOnTo(wire -> {
        if (link.own().equals(egress.tls().identity())) {
          egress.idle().keep(link);
          egress.turns().linkIsIdle(link.address());
        } else {
          wire.close();
        }
      });
    }
  }

  private static Refused appUnreachable() {
    return new Refused(
        "app_unreachable",
        "the peer's sidecar could not reach its app; is it listening on that port?");
  }

  private static Refused refused(HandshakeFailure failure) {
    return new Refused(failure.reason().label(), failure.text());
  }

  private void appLeftEarly(Aborted how) {
    if (wire != null) {
      Reset.now(wire);
    }
    Reset.now(app);
    egress.connections().end(connection, how);
  }

  private void refuse(String reason, String why) {
    refuse(new Refused(reason, why));
  }

  private void refuse(Refused refused) {
    egress.connections().end(connection, refused);
    closeWire();
    Reset.now(app);
  }

  /** Out of descriptors it never was open, and can't be closed. */
  private void closeWire() {
    if (wire != null && wire.isOpen()) {
      wire.close();
    }
  }
}
