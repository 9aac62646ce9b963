package io.podveil.sidecar.ingress;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.channel.RecvByteBufAllocator;
import io.podveil.sidecar.net.ClientAddress;
import io.podveil.sidecar.net.NetworkFailure;
import io.podveil.sidecar.net.OriginalDestination;
import io.podveil.sidecar.net.Reset;
import io.podveil.sidecar.relay.Connection;
import io.podveil.sidecar.wire.HeadroomAllocator;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Reaches the app as the client would: from its address and port, or else from its address. */
final class AppDial {
  private static final RecvByteBufAllocator READS = new HeadroomAllocator();

  private final Ingress ingress;
  private final EventLoop loop;
  private final Connection connection;
  private final OriginalDestination to;
  private @Nullable Channel app;
  private boolean cancelled;

  AppDial(Ingress ingress, EventLoop loop, Connection connection, OriginalDestination to) {
    this.ingress = ingress;
    this.loop = loop;
    this.connection = connection;
    this.to = to;
  }

  /** Calls back once, unless cancelled before: with the connected channel, or with the reason. */
  void as(ClientAddress client, Consumer<Channel> connected, Consumer<String> failed) {
    ingress.verbose().accept(() -> "ingress dials " + to + " as " + client);
    Duration began = connection.lasted();
    ChannelFuture exact =
        ingress.dialer().toAppAs(loop, client, to, new ChannelInboundHandlerAdapter());
    app = exact.channel();
    exact.addListener(done -> {
      if (!done.isSuccess() && NetworkFailure.isPortTaken(done.cause()) && !cancelled) {
        fallBack(client, done.cause(), began, connected, failed);
      } else {
        finish(exact, began, connected, failed);
      }
    });
  }

  private void fallBack(
      ClientAddress client,
      Throwable cause,
      Duration began,
      Consumer<Channel> connected,
      Consumer<String> failed) {
    ingress.portFallbacks().run();
    ingress
        .warnings()
        .accept(
            "ingress "
                + client
                + " -> "
                + to
                + ": the app will see another source port, this one is taken in this pod ("
                + NetworkFailure.text(cause)
                + ")");
    ChannelFuture any =
        ingress.dialer().toAppFromAnyPort(loop, client, to, new ChannelInboundHandlerAdapter());
    app = any.channel();
    any.addListener(done -> finish(any, began, connected, failed));
  }

  private void finish(
      ChannelFuture dial, Duration began, Consumer<Channel> connected, Consumer<String> failed) {
    if (cancelled) {
      Reset.now(dial.channel());
    } else if (dial.isSuccess()) {
      connection.connected(connection.lasted().minus(began));
      dial.channel().config().setRecvByteBufAllocator(READS);
      connected.accept(dial.channel());
    } else {
      Throwable cause = dial.cause();
      failed.accept(
          "the app cannot be reached: "
              + NetworkFailure.text(cause)
              + "; is it listening on this address, and not on 127.0.0.1 only?");
    }
  }

  void cancel() {
    cancelled = true;
    if (app != null) {
      Reset.now(app);
    }
  }
}
