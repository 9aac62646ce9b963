package io.podveil.sidecar;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerAdapter;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.NetUtil;
import io.netty.util.ReferenceCountUtil;
import io.podveil.sidecar.egress.Egress;
import io.podveil.sidecar.egress.EgressRouter;
import io.podveil.sidecar.egress.IdleLinks;
import io.podveil.sidecar.egress.OutboundMode;
import io.podveil.sidecar.egress.Turns;
import io.podveil.sidecar.ingress.HalfOpen;
import io.podveil.sidecar.ingress.IdleWires;
import io.podveil.sidecar.ingress.InboundMode;
import io.podveil.sidecar.ingress.Ingress;
import io.podveil.sidecar.ingress.IngressRouter;
import io.podveil.sidecar.net.CaptureProbe;
import io.podveil.sidecar.net.Cidr;
import io.podveil.sidecar.net.Dialer;
import io.podveil.sidecar.net.Listeners;
import io.podveil.sidecar.net.OriginalDestination;
import io.podveil.sidecar.relay.Connection;
import io.podveil.sidecar.relay.Connections;
import io.podveil.sidecar.tls.Tls;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Connections with ourselves before we say that we are ready: the first time that code runs it
 * takes ten times as long, and that shall not be the first client's time. They go the whole way, an
 * app's call through our own egress and ingress side to another app, with listeners, books and idle
 * connections of their own. Nobody else gets to any of it: what isn't on loopback wants mutual TLS.
 * Whether it works out or not, nobody is any the worse for it.
 */
final class WarmUp {
  /** Half of them with a handshake. It gets no faster for a while after so many. */
  static final int CALLS = 20;

  private static final int REQUEST_BYTES = 1024;

  /** On one connection: by then its bytes take the fast path, whose code has to be there, too. */
  private static final int LONG_TALK = 4;

  private final Tls tls;
  private final Dialer dialer;
  private final EventLoopGroup loops;
  private final Clock clock;
  private final InetAddress own;
  private final Duration atMost;
  private final long until;
  private final Connections connections;
  private final IdleLinks idleLinks = new IdleLinks(1, 1);
  private final IdleWires idleWires = new IdleWires(1);
  private final List<Channel> opened = new ArrayList<>();
  private int answered;

  /**
   * Opens nothing yet; the time begins to run.
   *
   * @param own an address of this network namespace that the certificate names
   * @param books told of each connection that ended, on an event loop; what comes of it is thrown
   *     away
   */
  WarmUp(
      Tls tls,
      Dialer dialer,
      EventLoopGroup loops,
      Clock clock,
      InetAddress own,
      Duration atMost,
      Consumer<Connection> books) {
    this.tls = tls;
    this.dialer = dialer;
    this.loops = loops;
    this.clock = clock;
    this.own = own;
    this.atMost = atMost;
    this.until = System.nanoTime() + atMost.toNanos();
    this.connections = new Connections(Integer.MAX_VALUE, "", began -> {}, books);
  }

  /**
   * Makes the calls that there is time for. Never fails.
   *
   * @return how many were answered
   */
  int run(Consumer<Supplier<String>> verbose) {
    try {
      calls();
    } catch (Exception e) {
      // Netty throws checked exceptions undeclared, and none of them may keep us from serving.
      verbose.accept(() -> "warm-up ended early: " + e);
    } finally {
      close();
    }
    verbose.accept(() -> "warm-up: " + answered + " calls to ourselves were answered");
    return answered;
  }

  private void calls() throws Exception {
    OriginalDestination app =
        new OriginalDestination(
            listen(at(loopback()).egress(0, new Echo(), new ChannelHandlerAdapter() {})));
    OriginalDestination peer =
        new OriginalDestination(
            listen(
                at(own).ingress(0, ingress().acceptor(to -> app), new ChannelHandlerAdapter() {})));
    InetSocketAddress fresh = egress(new IdleLinks(0, 0), peer);
    InetSocketAddress known = egress(idleLinks, peer);
    for (int i = 0; i < CALLS && System.nanoTime() < until; i++) {
      answered += call(i % 2 == 0 ? fresh : known, i == 1 ? LONG_TALK : 1) ? 1 : 0;
    }
  }

  private boolean call(InetSocketAddress egress, int requests) throws Exception {
    Call call = new Call(requests);
    ChannelFuture dial = dialer.inside(loops.next(), own, egress, call);
    opened.add(dial.channel());
    dial.addListener(done -> {
      if (!done.isSuccess()) {
        call.ended.completeExceptionally(done.cause());
      }
    });
    return call.ended.get(until - System.nanoTime(), TimeUnit.NANOSECONDS);
  }

  private InetSocketAddress egress(IdleLinks links, OriginalDestination peer) throws Exception {
    EgressRouter router =
        new EgressRouter(
            List.of(new Cidr(own, own.getAddress().length * Byte.SIZE)),
            OutboundMode.STRICT,
            0,
            address -> false,
            bound -> 0);
    Egress egress =
        new Egress(
            router,
            Optional.empty(),
            tls,
            links,
            new Turns(),
            dialer,
            connections,
            new CaptureProbe(dialer),
            clock,
            said -> {});
    return listen(
        at(loopback()).egress(0, egress.acceptor(to -> peer), new ChannelHandlerAdapter() {}));
  }

  private Ingress ingress() {
    return new Ingress(
        new IngressRouter(InboundMode.STRICT, Set.of()),
        tls,
        dialer,
        connections,
        idleWires,
        new HalfOpen(CALLS),
        atMost,
        atMost,
        clock,
        said -> {},
        warned -> {},
        () -> {});
  }

  private Listeners at(InetAddress address) {
    return new Listeners(loops, address);
  }

  private InetSocketAddress listen(ChannelFuture listener) throws Exception {
    opened.add(listener.channel());
    listener.get(until - System.nanoTime(), TimeUnit.NANOSECONDS);
    return (InetSocketAddress) listener.channel().localAddress();
  }

  private InetAddress loopback() {
    return own instanceof Inet6Address ? NetUtil.LOCALHOST6 : NetUtil.LOCALHOST4;
  }

  private void close() {
    opened.forEach(Channel::close);
    idleLinks.close();
    idleWires.close();
    connections.closeAll();
  }

  /** Requests of the app that calls, which ends the connection once it has all answers. */
  private static final class Call extends ChannelInboundHandlerAdapter {
    private final CompletableFuture<Boolean> ended = new CompletableFuture<>();
    private int requests;
    private int missing;

    Call(int requests) {
      this.requests = requests;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      ask(ctx);
      ctx.read();
    }

    private void ask(ChannelHandlerContext ctx) {
      requests--;
      missing = REQUEST_BYTES;
      ctx.writeAndFlush(ctx.alloc().ioBuffer(REQUEST_BYTES).writeZero(REQUEST_BYTES));
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      missing -= ((ByteBuf) message).readableBytes();
      ReferenceCountUtil.release(message);
      if (missing <= 0 && requests > 0) {
        ask(ctx);
      } else if (missing <= 0) {
        // Not closed: once the other side has ended too, its sidecar is ready for the next one.
        ((DuplexChannel) ctx.channel()).shutdownOutput();
      }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      ctx.read();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      ended.complete(requests == 0 && missing <= 0);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }

  /** The app that is called. */
  @Sharable
  private static final class Echo extends ChannelInboundHandlerAdapter {
    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      ctx.read();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      ctx.write(message);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      ctx.flush();
      ctx.read();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }
}
