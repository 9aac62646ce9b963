package io.podveil.sidecar.egress;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.podveil.sidecar.net.BlackHoleWatch;
import io.podveil.sidecar.net.CaptureProbe;
import io.podveil.sidecar.net.ClientAddress;
import io.podveil.sidecar.net.Dialer;
import io.podveil.sidecar.net.OriginalDestination;
import io.podveil.sidecar.net.Reset;
import io.podveil.sidecar.peers.PeerDirectory;
import io.podveil.sidecar.relay.Connection;
import io.podveil.sidecar.relay.Connection.Direction;
import io.podveil.sidecar.relay.Connections;
import io.podveil.sidecar.tls.Tls;
import java.net.InetSocketAddress;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The egress side as a whole: what a connection needs on its way.
 *
 * @param peers what lives where the app goes; empty where there is nobody to ask
 * @param idle connections to peers that wait for the next of the app's
 * @param turns who may dial and shake hands
 * @param verbose told of each dial, in words that are only put together if it wants them
 */
public record Egress(
    EgressRouter router,
    Optional<PeerDirectory> peers,
    Tls tls,
    IdleLinks idle,
    Turns turns,
    Dialer dialer,
    Connections connections,
    CaptureProbe probe,
    InstantSource clock,
    Consumer<Supplier<String>> verbose) {

  /**
   * What the listener does with each connection that it accepts.
   *
   * @param destination where such a connection was going
   */
  public ChannelHandler acceptor(Function<Channel, OriginalDestination> destination) {
    return new ChannelInitializer<>() {
      @Override
      protected void initChannel(Channel app) {
        accept(app, destination.apply(app));
      }
    };
  }

  private void accept(Channel app, OriginalDestination to) {
    if (probe.recognizes(to)) {
      app.close();
      return;
    }
    connections
        .open(Direction.EGRESS, (InetSocketAddress) app.remoteAddress(), to.address())
        .ifPresentOrElse(
            connection -> new EgressConnection(this, app, connection, to).begin(),
            () -> Reset.now(app));
  }

  void dialling(OriginalDestination to, Connection connection) {
    verbose.accept(() -> "egress dials " + to + " for " + new ClientAddress(connection.client()));
  }

  void goingOn(Link link, Connection connection) {
    verbose.accept(() ->
        "egress goes on to "
            + link.dialled()
            + " for "
            + new ClientAddress(connection.client())
            + ", no handshake needed");
  }

  void connected(Channel wire, Connection connection) {
    connection.connected(connection.lasted());
    BlackHoleWatch.ofThisLoop().watch(wire);
  }
}
