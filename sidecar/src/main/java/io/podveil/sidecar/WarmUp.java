package io.podveil.sidecar;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.ssl.SslHandler;
import io.podveil.sidecar.relay.Connection;
import io.podveil.sidecar.relay.Connection.Direction;
import io.podveil.sidecar.relay.Connections;
import io.podveil.sidecar.relay.Outcome;
import io.podveil.sidecar.relay.Relay;
import io.podveil.sidecar.tls.PeerIdentity;
import io.podveil.sidecar.tls.Tls;
import io.podveil.sidecar.wire.Accept;
import io.podveil.sidecar.wire.ConnectionId;
import io.podveil.sidecar.wire.FrameCodec;
import io.podveil.sidecar.wire.Hello;
import io.podveil.sidecar.wire.StreamSignal;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Connections with ourselves, in memory, before we say that we are ready: the first time that code
 * runs it takes ten times as long, and that shall not be the first client's time. Whether it works
 * out or not, nobody is any the worse for it.
 */
final class WarmUp {
  /** It gets no faster for a while after so many. */
  private static final int CONNECTIONS = 8;

  /** On a machine that is so slow, being ready is more urgent. */
  private static final long ENOUGH_NANOS = 150_000_000;

  private static final InetSocketAddress NOWHERE =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
  private static final int REQUEST_BYTES = 1024;

  private final Connections connections =
      new Connections(Integer.MAX_VALUE, "", began -> {}, this::ended);
  private final Consumer<Connection> books;
  private int completed;
  private final EmbeddedChannel clientApp = new EmbeddedChannel();
  private final EmbeddedChannel clientWire;
  private final EmbeddedChannel serverWire;
  private final EmbeddedChannel serverApp = new EmbeddedChannel();

  private WarmUp(Tls tls, Consumer<Connection> books) {
    this.books = books;
    SslHandler client = tls.client(clientApp.alloc());
    clientWire = new EmbeddedChannel(client);
    SslHandler server = tls.server(clientApp.alloc());
    serverWire = new EmbeddedChannel(server);
    client.handshakeFuture().addListener(shaken -> egress(client, shaken.cause()));
    server.handshakeFuture().addListener(shaken -> ingress(server, shaken.cause()));
  }

  /**
   * Takes about a tenth of a second, not much more in any case, and never fails.
   *
   * @param books told of each connection that ended; what comes of it is thrown away
   * @return how many connections went as they should
   */
  static int of(Tls tls, Consumer<Connection> books, Consumer<String> verbose) {
    long begin = System.nanoTime();
    int good = 0;
    try {
      for (int i = 0; i < CONNECTIONS && System.nanoTime() - begin < ENOUGH_NANOS; i++) {
        good += new WarmUp(tls, books).request() ? 1 : 0;
      }
    } catch (Throwable e) {
      // Netty throws checked exceptions undeclared, and none of them may keep us from serving.
      verbose.accept("warm-up ended early: " + e);
    }
    return good;
  }

  /** Returns whether both ends saw it completed. */
  private boolean request() {
    try {
      exchange();
      clientApp.writeInbound(clientApp.alloc().ioBuffer().writeZero(REQUEST_BYTES));
      exchange();
      serverApp.writeInbound(serverApp.alloc().ioBuffer().writeZero(REQUEST_BYTES));
      exchange();
      clientApp.writeInbound(StreamSignal.END);
      exchange();
      serverApp.writeInbound(StreamSignal.END);
      exchange();
      return completed == 2;
    } finally {
      for (EmbeddedChannel channel :
          new EmbeddedChannel[] {clientApp, clientWire, serverWire, serverApp}) {
        channel.close();
        channel.releaseOutbound();
        channel.releaseInbound();
      }
    }
  }

  /** Carries what each end of the wire wrote to the other one, until both are silent. */
  private void exchange() {
    boolean more = true;
    while (more) {
      boolean sent = carry(clientWire, serverWire);
      more = carry(serverWire, clientWire) || sent;
    }
  }

  private static boolean carry(EmbeddedChannel from, EmbeddedChannel to) {
    from.runPendingTasks();
    boolean any = false;
    for (ByteBuf bytes = from.readOutbound(); bytes != null; bytes = from.readOutbound()) {
      if (to.isOpen()) {
        to.writeInbound(bytes);
        any = true;
      } else {
        bytes.release();
      }
    }
    return any;
  }

  private void egress(SslHandler tls, @Nullable Throwable failure) {
    if (failure == null) {
      PeerIdentity.of(tls.engine().getSession());
      Relay relay = relay(Direction.EGRESS);
      clientWire.pipeline().addLast(FrameCodec.client(), new Skip(Accept.class), relay.wireEnd());
      clientApp.pipeline().addLast(relay.appEnd());
      clientWire
          .pipeline()
          .lastContext()
          .writeAndFlush(new Hello(ConnectionId.random(), NOWHERE, NOWHERE));
      relay.start();
    }
  }

  private void ingress(SslHandler tls, @Nullable Throwable failure) {
    if (failure == null) {
      PeerIdentity.of(tls.engine().getSession());
      Relay relay = relay(Direction.INGRESS);
      serverWire.pipeline().addLast(FrameCodec.server(), new Skip(Hello.class), relay.wireEnd());
      serverApp.pipeline().addLast(relay.appEnd());
      relay.start();
    }
  }

  private void ended(Connection connection) {
    books.accept(connection);
    if (connection.outcome().orElseThrow() instanceof Outcome.Completed) {
      completed++;
    }
  }

  private Relay relay(Direction direction) {
    Connection connection = connections.open(direction, NOWHERE, NOWHERE).orElseThrow();
    return new Relay(connections, connection, aborted -> {});
  }

  /** Stands where the answer to a HELLO, or the HELLO, is waited for. */
  private static final class Skip extends ChannelInboundHandlerAdapter {
    private final Class<?> kind;

    Skip(Class<?> kind) {
      this.kind = kind;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      if (kind.isInstance(message)) {
        ctx.pipeline().remove(this);
        if (message instanceof Hello) {
          ctx.writeAndFlush(Accept.ACCEPT);
        }
      } else {
        ctx.fireChannelRead(message);
      }
    }
  }
}
