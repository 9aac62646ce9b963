package io.podveil.sidecar.net;

import io.netty.channel.Channel;
import io.netty.channel.IoEvent;
import io.netty.channel.IoHandle;
import io.netty.channel.IoRegistration;
import io.netty.channel.epoll.EpollIoEvent;
import io.netty.channel.epoll.EpollIoHandle;
import io.netty.channel.epoll.EpollIoOps;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.unix.FileDescriptor;
import io.netty.util.AttributeKey;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A channel as epoll sees it, with somebody in between who may take the events: {@link
 * DirectSocket}. Netty has no place for that, so {@link EpollTransport} registers this instead of
 * the channel.
 */
@SuppressWarnings("try") // close() throws what Netty declares
final class TappedHandle implements EpollIoHandle {
  private static final AttributeKey<TappedHandle> KEY = AttributeKey.valueOf("podveil.tapped");
  private static final EpollIoEvent READABLE = () -> EpollIoOps.EPOLLIN;
  private static final EpollIoEvent WRITABLE = () -> EpollIoOps.EPOLLOUT;

  private final Channel channel;
  private final EpollIoHandle netty;
  private @Nullable IoRegistration registration;
  private DirectSocket.@Nullable Listener listener;

  private TappedHandle(Channel channel, EpollIoHandle netty) {
    this.channel = channel;
    this.netty = netty;
  }

  /** What to register for this handle: itself, if it is none of a connection's. */
  static IoHandle around(IoHandle handle) {
    if (handle instanceof EpollIoHandle netty
        && handle instanceof Channel.Unsafe unsafe
        && unsafe.voidPromise().channel() instanceof EpollSocketChannel channel) {
      TappedHandle tapped = new TappedHandle(channel, netty);
      channel.attr(KEY).set(tapped);
      return tapped;
    }
    return handle;
  }

  static Optional<TappedHandle> of(Channel channel) {
    return Optional.ofNullable(channel.attr(KEY).get());
  }

  void listener(DirectSocket.@Nullable Listener listener) {
    this.listener = listener;
  }

  /** As if epoll had said so. Netty, with AUTO_READ off by now, will ask epoll anew. */
  void readable() {
    IoRegistration registered = registration;
    boolean wanted = listener != null || channel.config().isAutoRead();
    if (wanted && channel.isOpen() && registered != null && registered.isValid()) {
      handle(registered, READABLE);
    }
  }

  @Override
  public void handle(IoRegistration registered, IoEvent event) {
    registration = registered;
    DirectSocket.Listener direct = listener;
    EpollIoOps ops = ((EpollIoEvent) event).ops();
    if (direct == null || !isOfBytes(ops)) {
      if (direct != null) {
        direct.interrupted();
      }
      netty.handle(registered, event);
      return;
    }
    if (ops.contains(EpollIoOps.EPOLLOUT)) {
      netty.handle(registered, WRITABLE);
    }
    // Netty may have met an error, and closed it.
    if (ops.contains(EpollIoOps.EPOLLIN) && listener != null) {
      listener.readable();
    }
  }

  private static boolean isOfBytes(EpollIoOps ops) {
    return (ops.value() & ~(EpollIoOps.EPOLLIN.value() | EpollIoOps.EPOLLOUT.value())) == 0;
  }

  @Override
  public FileDescriptor fd() {
    return netty.fd();
  }

  @Override
  public void registered() {
    netty.registered();
  }

  @Override
  public void unregistered() {
    // It is about to be closed, and its descriptor to be somebody else's.
    if (listener != null) {
      listener.interrupted();
    }
    netty.unregistered();
  }

  @Override
  public void close() throws Exception {
    netty.close();
  }
}
