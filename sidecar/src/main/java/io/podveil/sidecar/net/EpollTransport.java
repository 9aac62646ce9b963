package io.podveil.sidecar.net;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.IoHandle;
import io.netty.channel.IoHandler;
import io.netty.channel.IoHandlerContext;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.IoOps;
import io.netty.channel.IoRegistration;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.InternetProtocolFamily;
import io.vertx.core.spi.transport.Transport;
import org.jspecify.annotations.Nullable;

/**
 * Vert.x's epoll transport with a cure for Netty's half-close bug (4.2.13 to 4.2.20, netty pull
 * request 16689): after EPOLL_CTL_DEL the registration still counts as added, so on a half-closed
 * channel the next write that would block fails with {@code epoll_ctl(..) failed with error(-2)}
 * and the stream is cut. The cure: once something was added, "nothing" is submitted as EPOLLET
 * alone, which keeps the descriptor registered.
 *
 * <p>It is also where the events of a connection can be had before Netty: {@link DirectSocket}.
 */
public final class EpollTransport implements io.vertx.core.transport.Transport {
  @Override
  public String name() {
    return "epoll";
  }

  @Override
  public boolean available() {
    return EPOLL.available();
  }

  @Override
  public Throwable unavailabilityCause() {
    return EPOLL.unavailabilityCause();
  }

  @Override
  public Transport implementation() {
    return new Cured(EPOLL.implementation());
  }

  /** The event loops' I/O handler with the cure, for use without Vert.x. */
  public static IoHandlerFactory cured(IoHandlerFactory factory) {
    return executor -> new CuredHandler(factory.newHandler(executor));
  }

  private record Cured(Transport epoll) implements Transport {
    @Override
    public IoHandlerFactory ioHandlerFactory() {
      return cured(epoll.ioHandlerFactory());
    }

    @Override
    public boolean supportsDomainSockets() {
      return epoll.supportsDomainSockets();
    }

    @Override
    public boolean supportFileRegion() {
      return epoll.supportFileRegion();
    }

    @Override
    public io.vertx.core.net.SocketAddress convert(java.net.SocketAddress address) {
      return epoll.convert(address);
    }

    @Override
    public java.net.SocketAddress convert(io.vertx.core.net.SocketAddress address) {
      return epoll.convert(address);
    }

    @Override
    @SuppressWarnings("deprecation") // the type that Vert.x still declares
    public DatagramChannel datagramChannel(InternetProtocolFamily family) {
      return epoll.datagramChannel(family);
    }

    @Override
    public ChannelFactory<? extends DatagramChannel> datagramChannelFactory() {
      return epoll.datagramChannelFactory();
    }

    @Override
    public ChannelFactory<? extends Channel> channelFactory(boolean domainSocket) {
      return epoll.channelFactory(domainSocket);
    }

    @Override
    public ChannelFactory<? extends ServerChannel> serverChannelFactory(boolean domainSocket) {
      return epoll.serverChannelFactory(domainSocket);
    }
  }

  private record CuredHandler(IoHandler handler) implements IoHandler {
    @Override
    public IoRegistration register(IoHandle handle) throws Exception {
      return new CuredRegistration(handler.register(TappedHandle.around(handle)));
    }

    @Override
    public void initialize() {
      handler.initialize();
    }

    @Override
    public int run(IoHandlerContext context) {
      return handler.run(context);
    }

    @Override
    public void prepareToDestroy() {
      handler.prepareToDestroy();
    }

    @Override
    public void destroy() {
      handler.destroy();
    }

    @Override
    public void wakeup() {
      handler.wakeup();
    }

    @Override
    public boolean isCompatible(Class<? extends IoHandle> handleType) {
      return handler.isCompatible(handleType);
    }
  }

  private static final class CuredRegistration implements IoRegistration {
    private final IoRegistration registration;
    private boolean added;

    CuredRegistration(IoRegistration registration) {
      this.registration = registration;
    }

    @Override
    public long submit(IoOps ops) {
      boolean none = ops.equals(EpollIoOps.NONE);
      added |= !none;
      return registration.submit(none && added ? EpollIoOps.EPOLLET : ops);
    }

    @Override
    @SuppressWarnings("TypeParameterUnusedInFormals") // Netty's signature
    public <T extends @Nullable Object> T attachment() {
      return registration.attachment();
    }

    @Override
    public boolean isValid() {
      return registration.isValid();
    }

    @Override
    public boolean cancel() {
      return registration.cancel();
    }
  }
}
