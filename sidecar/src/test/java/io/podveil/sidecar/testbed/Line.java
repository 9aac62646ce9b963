package io.podveil.sidecar.testbed;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.concurrent.TimeUnit;

/**
 * One connection between two programs, of which a test plays both. No read waits for more than 30
 * seconds.
 *
 * @param client the end that opened it
 * @param server the end that accepted it
 */
public record Line(Socket client, Socket server) implements AutoCloseable {
  private static final int PATIENCE_MILLIS = 30_000;

  /** Opens one to a fresh port at that address, behind which {@code to} listens. */
  public static Line between(Namespace from, Namespace to, InetAddress address) throws Exception {
    try (ServerSocket listener = listen(to)) {
      return to(listener, dial(from, address, listener.getLocalPort()));
    }
  }

  /** Takes what a client has dialled. */
  public static Line to(ServerSocket listener, Socket client) throws IOException {
    Socket server = listener.accept();
    server.setTcpNoDelay(true);
    server.setSoTimeout(PATIENCE_MILLIS);
    return new Line(client, server);
  }

  /** A listener on a free port, at every address. */
  public static ServerSocket listen(Namespace inside) throws Exception {
    ServerSocket listener = inside.call(() -> new ServerSocket(0, 1024));
    listener.setSoTimeout(PATIENCE_MILLIS);
    return listener;
  }

  /** A client's end: connected, as far as the client knows. */
  public static Socket dial(Namespace inside, InetAddress address, int port) throws Exception {
    return ready(inside.call(() -> new Socket(address, port)));
  }

  /** As {@link #dial}, from a port of the client's choice, even if it was in use a moment ago. */
  public static Socket dialFrom(int sourcePort, Namespace inside, InetAddress address, int port)
      throws Exception {
    return ready(
        inside.call(() -> {
          Socket client = new Socket();
          client.setReuseAddress(true);
          client.bind(new InetSocketAddress(sourcePort));
          client.connect(new InetSocketAddress(address, port));
          return client;
        }));
  }

  private static Socket ready(Socket client) throws SocketException {
    client.setTcpNoDelay(true);
    client.setSoTimeout(PATIENCE_MILLIS);
    return client;
  }

  /** The other way round: the client is who accepted. */
  public Line reversed() {
    return new Line(server, client);
  }

  /** From the client to the server, and arrived. */
  public void say(String text) throws IOException {
    pass(text, client, server);
  }

  /** From the server to the client, and arrived. */
  public void answer(String text) throws IOException {
    pass(text, server, client);
  }

  private static void pass(String text, Socket from, Socket to) throws IOException {
    byte[] bytes = text.getBytes(UTF_8);
    from.getOutputStream().write(bytes);
    String got = new String(to.getInputStream().readNBytes(bytes.length), UTF_8);
    if (!got.equals(text)) {
      throw new AssertionError("\"%s\" arrived as \"%s\"".formatted(text, got));
    }
  }

  /** Ends a connection as a program does that crashes or has enough: with a reset. */
  public static void reset(Socket socket) throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  /** Reads on until the connection breaks; an orderly end of stream instead is a failure. */
  public static void assertReset(Socket socket) throws IOException {
    byte[] rest = new byte[64 * 1024];
    try {
      int count;
      do {
        count = socket.getInputStream().read(rest);
      } while (count >= 0);
    } catch (SocketException broken) {
      return;
    }
    throw new AssertionError("a broken stream looked complete");
  }

  /** Writes until the connection breaks, for 30 seconds at most; for who cannot read any more. */
  public static void assertResetWhileWriting(Socket socket) throws InterruptedException {
    for (int tenths = 0; tenths < PATIENCE_MILLIS / 100; tenths++) {
      try {
        socket.getOutputStream().write('?');
      } catch (IOException broken) {
        return;
      }
      TimeUnit.MILLISECONDS.sleep(100);
    }
    throw new AssertionError("a broken connection took whatever was written");
  }

  @Override
  public void close() throws IOException {
    client.close();
    server.close();
  }
}
