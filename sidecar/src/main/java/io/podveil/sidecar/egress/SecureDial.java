package io.podveil.sidecar.egress;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.handler.ssl.SslHandler;
import io.podveil.sidecar.identity.Identity;
import io.podveil.sidecar.net.LastWord;
import io.podveil.sidecar.net.OriginalDestination;
import io.podveil.sidecar.relay.Connection;
import io.podveil.sidecar.relay.Outcome;
import io.podveil.sidecar.tls.HandshakeFailure;
import io.podveil.sidecar.tls.Role;
import java.time.Duration;
import java.util.Set;
import java.util.function.Consumer;

/** Dials a peer and shakes hands with it: who answers is verified, whether it should is not. */
final class SecureDial {
  /** What comes of it. */
  sealed interface Result {
    /** Somebody answered whose certificate is good. */
    record Linked(Link link) implements Result {}

    /** Nobody was there. */
    record Unreachable(Throwable cause) implements Result {}

    /**
     * Nothing came of it.
     *
     * @param tellsOfAnother whether this is not how a meshed pod's sidecar answers, though another
     *     pod at its address may
     */
    record Refused(Outcome.Refused why, boolean tellsOfAnother) implements Result {}
  }

  private static final Set<HandshakeFailure.Reason> TELL_OF_ANOTHER =
      Set.of(HandshakeFailure.Reason.NOT_TLS, HandshakeFailure.Reason.CLOSED);

  private final Egress egress;
  private final Connection connection;
  private final OriginalDestination to;
  private final Consumer<Result> done;

  /**
   * Does nothing yet.
   *
   * @param connection whose books are kept of how long it takes
   * @param done called once, on the event loop
   */
  SecureDial(Egress egress, Connection connection, OriginalDestination to, Consumer<Result> done) {
    this.egress = egress;
    this.connection = connection;
    this.to = to;
    this.done = done;
  }

  /** Begins, unless there is no sense in it; the channel is told of beforehand. */
  void begin(EventLoop loop, Consumer<Channel> dialling) {
    if (!egress.tls().usable(egress.clock().instant())) {
      refuse(HandshakeFailure.ownCertificate(egress.tls().identity().credential()));
      return;
    }
    ChannelFuture dial = egress.dialer().toWire(loop, to, new ChannelInboundHandlerAdapter());
    dialling.accept(dial.channel());
    dial.addListener(connected -> {
      if (connected.isSuccess()) {
        egress.connected(dial.channel(), connection);
        handshake(dial.channel());
      } else {
        done.accept(new Result.Unreachable(connected.cause()));
      }
    });
  }

  private void handshake(Channel wire) {
    Duration began = connection.lasted();
    SslHandler tls = egress.tls().client(wire.alloc());
    Identity own = egress.tls().identity();
    wire.pipeline().addLast(tls, LastWord.HANDLER);
    wire.config().setAutoRead(true);
    egress.connections().handshakeBegan();
    tls.handshakeFuture()
        .addListener(shaken -> {
          egress.connections().handshakeEnded();
          connection.handshaken(connection.lasted().minus(began));
          if (shaken.isSuccess()) {
            done.accept(new Result.Linked(Link.of(wire, to, tls, own)));
          } else {
            refuse(HandshakeFailure.explain(shaken.cause(), Role.CLIENT));
          }
        });
  }

  private void refuse(HandshakeFailure failure) {
    done.accept(
        new Result.Refused(
            new Outcome.Refused(failure.reason().label(), failure.text()),
            TELL_OF_ANOTHER.contains(failure.reason())));
  }
}
