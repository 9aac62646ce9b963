package io.podveil.sidecar.capture;

import io.podveil.sidecar.testbed.Namespace;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** An app that sends back what it reads, remembers who came, and knows nothing of sidecars. */
final class EchoApp implements AutoCloseable {
  private final ServerSocket listener;
  private final BlockingQueue<Socket> accepted = new LinkedBlockingQueue<>();

  private EchoApp(ServerSocket listener) {
    this.listener = listener;
    Thread.ofPlatform().daemon().name("echo").start(this::serve);
  }

  /** Listens at one address, or at all with the wildcard. */
  static EchoApp in(Namespace namespace, InetAddress address, int port) throws Exception {
    return new EchoApp(namespace.call(() -> new ServerSocket(port, 512, address)));
  }

  /** Listens at every address. */
  static EchoApp in(Namespace namespace, int port) throws Exception {
    return in(namespace, InetAddress.ofLiteral("::"), port);
  }

  /** The next connection that came, its other end as the app sees it. */
  Socket next() throws InterruptedException {
    Socket next = accepted.poll(10, TimeUnit.SECONDS);
    if (next == null) {
      throw new AssertionError("nobody came");
    }
    return next;
  }

  /** Where the next connection came from, as the app sees it. */
  InetSocketAddress nextClient() throws InterruptedException {
    return (InetSocketAddress) next().getRemoteSocketAddress();
  }

  /** Whether nobody came that was not asked for. */
  boolean isIdle() {
    return accepted.isEmpty();
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }

  private void serve() {
    while (!listener.isClosed()) {
      try {
        Socket socket = listener.accept();
        accepted.add(socket);
        Thread.ofVirtual().start(() -> echo(socket));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  private static void echo(Socket socket) {
    try (socket) {
      socket.getInputStream().transferTo(socket.getOutputStream());
    } catch (IOException e) {
      // The other side broke it off; the test that did so looks at its own end.
    }
  }
}
