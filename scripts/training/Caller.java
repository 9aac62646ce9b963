import io.podveil.sidecar.identity.SigningRequest;
import io.podveil.sidecar.identity.SpiffeId;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;

/** Asks certs and the injector what sidecars and API servers ask, over plain sockets, with as little work as can be. */
final class Caller {
  /** Certs lets one address ask so often at once. */
  static final int EACH_ADDRESS = 25;

  private final int port;
  private final SSLSocketFactory tls;
  private final AtomicInteger nextAddress = new AtomicInteger();

  /** What a pod's sidecar asks for. */
  record Request(int pod, byte[] body) {}

  Caller(int port, Path roots) throws Exception {
    this.port = port;
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry(
        "root",
        CertificateFactory.getInstance("X.509")
            .generateCertificate(new ByteArrayInputStream(Files.readAllBytes(roots))));
    TrustManagerFactory managers = TrustManagerFactory.getInstance("PKIX");
    managers.init(trusted);
    SSLContext context = SSLContext.getInstance("TLSv1.3");
    context.init(null, managers.getTrustManagers(), null);
    this.tls = context.getSocketFactory();
  }

  /** Of the first so many pods, a certificate each. */
  static List<Request> requests(int count) {
    return IntStream.range(0, count)
        .parallel()
        .mapToObj(i -> {
          SpiffeId id = SpiffeId.parse("spiffe://cluster.local/ns/shop/sa/" + Cluster.account(i));
          String csr = SigningRequest.create(id, Set.of(InetAddress.ofLiteral(Cluster.address(i)))).pem();
          String body = "{\"csr\":\"" + csr.replace("\n", "\\n") + "\"}";
          return new Request(i, body.getBytes(StandardCharsets.US_ASCII));
        })
        .toList();
  }

  /** So many addresses, a fifth of them Services'. */
  static byte[] question(int addresses) {
    return IntStream.range(0, addresses)
        .mapToObj(i -> i % 5 == 0 ? Cluster.serviceAddress(i) + ":80" : Cluster.address(i) + ":8080")
        .collect(Collectors.joining("\",\"", "{\"addresses\":[\"", "\"]}"))
        .getBytes(StandardCharsets.US_ASCII);
  }

  static void ask(Socket socket, Request request) throws Exception {
    ask(socket, "/v1/certificates", "pod-" + request.pod(), request.body());
  }

  /** From an address of its own, as every pod has one. */
  Socket dial() throws Exception {
    int number = nextAddress.incrementAndGet();
    Socket plain = new Socket();
    plain.setTcpNoDelay(true);
    plain.bind(new InetSocketAddress("127.1." + number / 250 % 250 + "." + (1 + number % 250), 0));
    plain.connect(new InetSocketAddress("127.0.0.1", port));
    plain.setSoTimeout(30_000);
    return tls.createSocket(plain, "localhost", port, true);
  }

  static void ask(Socket socket, String path, String token, byte[] body) throws Exception {
    String head =
        "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
            + body.length + "\r\n" + (token.isEmpty() ? "" : "Authorization: Bearer " + token + "\r\n") + "\r\n";
    byte[] start = head.getBytes(StandardCharsets.US_ASCII);
    byte[] whole = Arrays.copyOf(start, start.length + body.length);
    System.arraycopy(body, 0, whole, start.length, body.length);
    socket.getOutputStream().write(whole);
    InputStream in = new BufferedInputStream(socket.getInputStream());
    int status = Integer.parseInt(line(in).split(" ")[1]);
    int length = 0;
    for (String line = line(in); !line.isEmpty(); line = line(in)) {
      if (line.regionMatches(true, 0, "content-length:", 0, 15)) {
        length = Integer.parseInt(line.substring(15).strip());
      }
    }
    in.skipNBytes(length);
    if (status != 200) {
      throw new IllegalStateException(path + " was answered with " + status);
    }
  }

  private static String line(InputStream in) throws Exception {
    StringBuilder line = new StringBuilder();
    for (int next = in.read(); next != '\n'; next = in.read()) {
      if (next < 0) {
        throw new IllegalStateException("closed without an answer");
      }
      line.append((char) next);
    }
    return line.toString().strip();
  }
}
