package io.podveil.sidecar.ingress;

import io.netty.channel.Channel;
import io.podveil.sidecar.net.OriginalDestination;
import io.podveil.sidecar.net.Reset;
import io.podveil.sidecar.relay.Connection.Direction;
import io.podveil.sidecar.wire.Hello;
import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * A wire between two connections. The caller may begin the next one with a HELLO; everything that
 * is asked of a first one is asked again then. Where it may not, the wire is closed without an
 * answer: the caller dials anew, and hears the reason there.
 */
final class NextHello {
  /** Longer than any caller keeps an idle connection, so that it is the caller who closes. */
  static final Duration LONGEST = Duration.ofSeconds(75);

  private final Ingress ingress;
  private final Channel wire;
  private final Caller caller;
  private final OriginalDestination to;

  NextHello(Ingress ingress, Channel wire, Caller caller, OriginalDestination to) {
    this.ingress = ingress;
    this.wire = wire;
    this.caller = caller;
    this.to = to;
  }

  void await() {
    if (!ingress.idle().keep(wire)) {
      wire.close();
      return;
    }
    wire.pipeline().addLast(new AwaitHello(LONGEST, this::greeted, how -> leave()));
    // Or we would not notice when the caller closes.
    wire.config().setAutoRead(true);
  }

  private void leave() {
    ingress.idle().forget(wire);
    wire.close();
  }

  private void greeted(Hello hello) {
    ingress.idle().forget(wire);
    if (!caller.mayCallAgain(ingress.tls().identity(), ingress.clock().instant())) {
      wire.close();
      return;
    }
    ingress
        .connections()
        .open(Direction.INGRESS, (InetSocketAddress) wire.remoteAddress(), to.address())
        .ifPresentOrElse(
            connection -> new IngressConnection(ingress, wire, connection, to).goOn(caller, hello),
            () -> Reset.now(wire));
  }
}
