package io.podveil.sidecar.testbed;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;

/** An app that says back what it hears, to everybody at once. */
public final class Echo implements AutoCloseable {
  /** Where it listens. */
  public static final int PORT = 8000;

  private static final int PATIENCE_MILLIS = 15_000;

  private final ServerSocket listener;

  private Echo(ServerSocket listener) {
    this.listener = listener;
    Thread.ofPlatform().daemon().name("echo").start(this::serve);
  }

  /** Starts to listen, on every address of the namespace. */
  public static Echo in(Namespace namespace) throws Exception {
    return new Echo(namespace.call(() -> new ServerSocket(PORT, 500)));
  }

  /** Connects to the echo there. */
  public static Socket dial(Namespace from, InetAddress to) throws Exception {
    Socket socket = from.call(() -> new Socket(to, PORT));
    socket.setSoTimeout(PATIENCE_MILLIS);
    return socket;
  }

  /** Says something, and fails unless it comes back. */
  public static void converse(Socket socket, String text) throws IOException {
    byte[] said = text.getBytes(UTF_8);
    socket.getOutputStream().write(said);
    String heard = new String(socket.getInputStream().readNBytes(said.length), UTF_8);
    if (!heard.equals(text)) {
      throw new IOException("heard \"" + heard + "\" instead of \"" + text + "\"");
    }
  }

  /** A whole conversation, from the connect to both ends. */
  public static void ask(Namespace from, InetAddress to, String text) throws Exception {
    try (Socket socket = dial(from, to)) {
      converse(socket, text);
      socket.shutdownOutput();
      if (socket.getInputStream().read() >= 0) {
        throw new IOException("heard more than was said");
      }
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }

  private void serve() {
    try {
      while (true) {
        Socket accepted = listener.accept();
        Thread.ofVirtual().start(() -> answer(accepted));
      }
    } catch (IOException e) {
      return; // Closed.
    }
  }

  private static void answer(Socket accepted) {
    try (accepted) {
      accepted.getInputStream().transferTo(accepted.getOutputStream());
    } catch (IOException e) {
      return; // The client's side knows better.
    }
  }
}
