package io.podveil.sidecar.relay;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One app connection on its way through the sidecar: what is known of it so far. Written by its
 * event loop alone; the fields may be read from anywhere.
 */
public final class Connection {
  /** Seen from the pod. */
  public enum Direction {
    EGRESS,
    INGRESS
  }

  /** What moves its bytes at present. */
  public enum Path {
    /** The handlers of both channels, one after the other. */
    HANDLERS,
    /** The sidecar, past the handlers: from socket to TLS to socket. */
    FAST,
    /** The kernel. */
    SPLICE
  }

  private final Direction direction;
  private final InetSocketAddress destination;
  private final long startNanos;
  private volatile InetSocketAddress client;
  private volatile String id = "";
  private volatile String self = "";
  private volatile String peer = "";
  private volatile String protocol = "plain";
  private volatile Path path = Path.HANDLERS;
  private volatile long up;
  private volatile long down;
  private volatile @Nullable Duration connect;
  private volatile @Nullable Duration handshake;
  private volatile @Nullable Duration lasted;
  private volatile @Nullable Outcome outcome;
  private Runnable close = () -> {};
  private Consumer<Outcome> afterwards = how -> {};

  Connection(Direction direction, InetSocketAddress client, InetSocketAddress destination) {
    this.direction = direction;
    this.client = client;
    this.destination = destination;
    this.startNanos = System.nanoTime();
  }

  public Direction direction() {
    return direction;
  }

  /** Who opened it: the app's own address and port, as far as they are known. */
  public InetSocketAddress client() {
    return client;
  }

  /** Learned from the peer's HELLO, which knows the app's port. */
  public void client(InetSocketAddress client) {
    this.client = client;
  }

  public InetSocketAddress destination() {
    return destination;
  }

  /** The same in both sidecars' logs; empty where the peer is not a sidecar. */
  public String id() {
    return id;
  }

  public void id(String id) {
    this.id = id;
  }

  /** Own identity in short form; empty on plain connections. */
  public String self() {
    return self;
  }

  /** The peer's identity in short form; empty on plain connections. */
  public String peer() {
    return peer;
  }

  /** {@code plain}, or {@code mtls TLSv1.3}. */
  public String protocol() {
    return protocol;
  }

  public void secured(String self, String peer, String protocol) {
    this.self = self;
    this.peer = peer;
    this.protocol = protocol;
  }

  public Path path() {
    return path;
  }

  void path(Path path) {
    this.path = path;
  }

  /** Bytes from the client to the destination. */
  public long up() {
    return up;
  }

  /** Bytes from the destination to the client. */
  public long down() {
    return down;
  }

  // One thread writes, so read-then-write loses nothing.
  @SuppressWarnings("NonAtomicVolatileUpdate")
  void movedUp(long bytes) {
    up += bytes;
  }

  @SuppressWarnings("NonAtomicVolatileUpdate")
  void movedDown(long bytes) {
    down += bytes;
  }

  /** How long the TCP connect towards the other side took. */
  public Optional<Duration> connect() {
    return Optional.ofNullable(connect);
  }

  public void connected(Duration took) {
    connect = took;
  }

  /** How long the TLS handshake took. */
  public Optional<Duration> handshake() {
    return Optional.ofNullable(handshake);
  }

  public void handshaken(Duration took) {
    handshake = took;
  }

  /** Whether it went over a TLS connection that another one had gone over before. */
  public boolean isOnUsedLink() {
    return !self.isEmpty() && handshake == null;
  }

  /** From the accept until now, or until it ended. */
  public Duration lasted() {
    Duration whole = lasted;
    return whole != null ? whole : Duration.ofNanos(System.nanoTime() - startNanos);
  }

  /** Empty while it lives. */
  public Optional<Outcome> outcome() {
    return Optional.ofNullable(outcome);
  }

  /** What a drain calls when the time is up; replaced as the connection goes through its phases. */
  public void closeWith(Runnable close) {
    this.close = close;
  }

  /** Called once, when it has ended, on its event loop. */
  public void afterwards(Consumer<Outcome> afterwards) {
    this.afterwards = afterwards;
  }

  void closeNow() {
    close.run();
  }

  /** Returns false when it had ended before. */
  boolean end(Outcome how) {
    if (outcome != null) {
      return false;
    }
    lasted = Duration.ofNanos(System.nanoTime() - startNanos);
    outcome = how;
    afterwards.accept(how);
    return true;
  }
}
