package io.podveil.sidecar.capture;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.awaitility.Awaitility.await;

import io.podveil.sidecar.testbed.Namespace;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;

/** A plain connection from a namespace. */
record Client(Socket socket) implements AutoCloseable {
  /** Connects within five seconds, or says why not. */
  static Client connect(Namespace from, InetAddress address, int port) throws Exception {
    return from.call(() -> {
      Socket socket = new Socket();
      socket.connect(new InetSocketAddress(address, port), 5_000);
      socket.setSoTimeout(5_000);
      return new Client(socket);
    });
  }

  /** Says something and returns as much of the answer. */
  String exchange(String words) throws IOException {
    socket.getOutputStream().write(words.getBytes(UTF_8));
    return new String(socket.getInputStream().readNBytes(words.length()), UTF_8);
  }

  /** Goes on speaking until the connection ends, with or without an error. */
  void speakUntilBroken(String words) {
    await()
        .until(() -> {
          try {
            return exchange(words).isEmpty();
          } catch (IOException e) {
            return true;
          }
        });
  }

  /** Its own address. */
  InetSocketAddress address() {
    return (InetSocketAddress) socket.getLocalSocketAddress();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
