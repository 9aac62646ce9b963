package io.podveil.sidecar.testbed;

import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.JdkSslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.util.InsecureTrustManagerFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

/**
 * TLS as any program would speak it: trusts everybody, and shows a certificate that the test
 * chooses, or none.
 */
public final class ForeignTls {
  private static final int TIMEOUT_MILLIS = 15_000;

  private final SSLContext client;
  private final SSLContext server;

  private ForeignTls(SslContextBuilder client, SslContextBuilder server) throws SSLException {
    this.client = context(client);
    this.server = context(server);
  }

  /** Shows this certificate, as client and as server. */
  public static ForeignTls showing(Issued issued) throws SSLException {
    return new ForeignTls(
        SslContextBuilder.forClient().keyManager(issued.key(), issued.chain()),
        SslContextBuilder.forServer(issued.key(), issued.chain()));
  }

  /** Shows none as a client; a server can't do without. */
  public static ForeignTls anonymous() throws SSLException {
    Issued any = TestAuthority.create().issue("ns/any/sa/any");
    return new ForeignTls(
        SslContextBuilder.forClient(), SslContextBuilder.forServer(any.key(), any.chain()));
  }

  private static SSLContext context(SslContextBuilder builder) throws SSLException {
    return ((JdkSslContext)
            builder
                .sslProvider(SslProvider.JDK)
                .trustManager(InsecureTrustManagerFactory.INSTANCE)
                .clientAuth(ClientAuth.OPTIONAL)
                .build())
        .context();
  }

  /** Connects and shakes hands; in TLS 1.3 a refusal shows only in the first read. */
  public SSLSocket connect(Namespace from, InetAddress to, int port, String... protocols)
      throws Exception {
    Socket plain = from.call(() -> new Socket(to, port));
    plain.setSoTimeout(TIMEOUT_MILLIS);
    SSLSocket socket =
        (SSLSocket) client.getSocketFactory().createSocket(plain, to.getHostAddress(), port, true);
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setApplicationProtocols(protocols);
    socket.setSSLParameters(parameters);
    socket.startHandshake();
    return socket;
  }

  /** Listens at a free port, and asks clients for their certificate. */
  public ServerSocket listen(Namespace in, InetAddress address) throws Exception {
    SSLServerSocket listener =
        (SSLServerSocket)
            in.call(() -> server.getServerSocketFactory().createServerSocket(0, 50, address));
    listener.setNeedClientAuth(true);
    return listener;
  }
}
