package io.podveil.sidecar.ingress;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.podveil.sidecar.net.Dialer;
import io.podveil.sidecar.net.OriginalDestination;
import io.podveil.sidecar.net.Reset;
import io.podveil.sidecar.relay.Connection.Direction;
import io.podveil.sidecar.relay.Connections;
import io.podveil.sidecar.tls.Tls;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.function.Consumer;

/**
 * The ingress side as a whole: what a connection needs on its way.
 *
 * @param idle connections whose peers may call again
 * @param halfOpen the places for handshakes
 * @param silence how long a silent client may keep us guessing whether it speaks TLS (permissive)
 * @param helloTimeout how long an authenticated peer may take to say for whom it calls
 * @param warnings told of what is worth a line besides the connection's own
 * @param portFallbacks counts connections that could not get the client's own port
 */
public record Ingress(
    IngressRouter router,
    Tls tls,
    Dialer dialer,
    Connections connections,
    IdleWires idle,
    HalfOpen halfOpen,
    Duration silence,
    Duration helloTimeout,
    InstantSource clock,
    Consumer<String> verbose,
    Consumer<String> warnings,
    Runnable portFallbacks) {

  /** What the listener does with each connection that it accepts. */
  public ChannelHandler acceptor() {
    return new ChannelInitializer<>() {
      @Override
      protected void initChannel(Channel wire) {
        accept(wire);
      }
    };
  }

  private void accept(Channel wire) {
    OriginalDestination to;
    try {
      to = OriginalDestination.ofRedirected(wire);
    } catch (ChannelException e) {
      // Conntrack knows nothing of it, so it was dialled by hand and not redirected.
      to = OriginalDestination.ofTransparent(wire);
    }
    OriginalDestination destination = to;
    connections
        .open(Direction.INGRESS, (InetSocketAddress) wire.remoteAddress(), destination.address())
        .ifPresentOrElse(
            connection ->
                new IngressConnection(this, wire, connection, destination)
                    .begin(router.route(destination)),
            () -> Reset.now(wire));
  }
}
