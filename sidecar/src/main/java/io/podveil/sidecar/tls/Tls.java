package io.podveil.sidecar.tls;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.podveil.sidecar.identity.Identity;
import io.podveil.sidecar.identity.IdentityException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import javax.net.ssl.SSLException;

/**
 * Mutual TLS with the identity in force. Each new handshake takes the identity that is in force at
 * that moment; connections that exist keep theirs. A replacement that fails changes nothing.
 *
 * <p>Whoever asks for a handler first asks whether the identity is {@link #usable}: with a
 * certificate that has expired, peers refuse us anyway, and then it is we who should say why.
 */
public final class Tls implements AutoCloseable {

  /** Large enough for one write burst to become full TLS records, encrypted in one call. */
  private static final int WRAP_BYTES = 128 * 1024;

  /** How long a peer that reads nothing may keep a connection that we want to close. */
  private static final long CLOSE_NOTIFY_SECONDS = 3;

  private final TlsEngine engine;
  private final Duration handshakeTimeout;
  private final InstantSource clock;
  private final Object lock = new Object();
  private Contexts inForce;

  /**
   * Starts with a first identity: nothing can listen before there is one.
   *
   * @throws IdentityException if the engine can't use it
   */
  public Tls(Identity identity, TlsEngine engine, Duration handshakeTimeout, InstantSource clock) {
    this.engine = engine;
    this.handshakeTimeout = handshakeTimeout;
    this.clock = clock;
    this.inForce = build(identity);
  }

  /**
   * Puts another identity in force, for the handshakes that begin from now on. Does the expensive
   * part on the calling thread, which should not be an event loop.
   *
   * @throws IdentityException if the engine can't use it; the one before stays in force
   */
  public void use(Identity identity) {
    Contexts next = build(identity);
    Contexts previous;
    synchronized (lock) {
      previous = inForce;
      inForce = next;
    }
    previous.release();
  }

  /** The identity in force. */
  public Identity identity() {
    return inForce().identity();
  }

  Contexts inForce() {
    synchronized (lock) {
      return inForce;
    }
  }

  /** Whether the identity in force may be used at that time. */
  public boolean usable(Instant time) {
    return identity().credential().isValidAt(time);
  }

  /**
   * A handler for a connection that we opened: offers podveil/1 and presents our certificate. It
   * has to be added to a pipeline, which then owns it: one that never is leaks native memory.
   */
  public SslHandler client(ByteBufAllocator allocator) {
    return handler(Contexts::client, allocator);
  }

  /**
   * A handler for a connection that we accepted: requires a client certificate, and selects
   * podveil/1 where it is offered. It has to be added to a pipeline, as with {@link #client}.
   */
  public SslHandler server(ByteBufAllocator allocator) {
    return handler(Contexts::server, allocator);
  }

  /** Gives up the contexts; handlers that exist go on working. */
  @Override
  public void close() {
    synchronized (lock) {
      inForce.release();
    }
  }

  private SslHandler handler(Function<Contexts, SslContext> side, ByteBufAllocator allocator) {
    SslHandler handler;
    // Within the lock, or the contexts could be replaced and freed before the engine holds them.
    synchronized (lock) {
      // No peer's name: nothing would be resumed by it, looked up in DNS, or sent as SNI.
      handler = side.apply(inForce).newHandler(allocator);
    }
    engine.configure(handler.engine());
    handler.setWrapDataSize(WRAP_BYTES);
    handler.setHandshakeTimeoutMillis(handshakeTimeout.toMillis());
    handler.setCloseNotifyFlushTimeout(CLOSE_NOTIFY_SECONDS, TimeUnit.SECONDS);
    return handler;
  }

  private Contexts build(Identity identity) {
    try {
      return Contexts.of(identity, engine, clock);
    } catch (SSLException | RuntimeException e) {
      throw new IdentityException(
          "the TLS engine can't use the certificate of "
              + identity.credential().id()
              + ": "
              + e.getMessage(),
          e);
    }
  }
}
