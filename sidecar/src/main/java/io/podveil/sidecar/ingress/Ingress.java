package io.podveil.sidecar.ingress;

import io.netty.channel.Channel;
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
import java.util.function.Function;
import java.util.function.Supplier;

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
    Consumer<Supplier<String>> verbose,
    Consumer<String> warnings,
    Runnable portFallbacks) {

  /**
   * What the listener does with each connection that it accepts.
   *
   * @param destination where such a connection was going
   */
  public ChannelHandler acceptor(Function<Channel, OriginalDestination> destination) {
    return new ChannelInitializer<>() {
      @Override
      protected void initChannel(Channel wire) {
        accept(wire, destination.apply(wire));
      }
    };
  }

  private void accept(Channel wire, OriginalDestination to) {
    connections
        .open(Direction.INGRESS, (InetSocketAddress) wire.remoteAddress(), to.address())
        .ifPresentOrElse(
            connection -> new IngressConnection(this, wire, connection, to).begin(router.route(to)),
            () -> Reset.now(wire));
  }
}
