import io.podveil.sidecar.identity.SigningRequest;
import io.podveil.sidecar.identity.SpiffeId;
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
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;

/**
 * The benchmark's sidecars and API server, asking certs and the injector. It runs on the same processors, so that what
 * it prints is less than the servers could do. Arguments: certs' port, its roots, the injector's port, its
 * certificate, and a review.
 */
final class Load {
  /** Certs lets one address ask so often at once. */
  private static final int EACH_ADDRESS = 25;

  private static final int LANES = 16;

  private record Answer(int status, int bytes) {}

  /** What a pod's sidecar asks for. */
  private record Request(int pod, byte[] body) {}

  private final int port;
  private final SSLSocketFactory tls;
  private final AtomicInteger nextAddress = new AtomicInteger();

  private Load(int port, Path roots) throws Exception {
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

  public static void main(String... arguments) throws Exception {
    Load certs = new Load(Integer.parseInt(arguments[0]), Path.of(arguments[1]));
    int pods = 6_000;
    List<Request> requests = requests(pods);
    certs.certificates(requests.subList(0, 1_500)); // warms up
    certs.print("certificates, as many as go", "/s", certs.certificates(requests.subList(1_500, 5_000)));
    certs.pace("certificates at 50/s", 50, 10, i -> certs.one(requests.get(5_000 + i)));
    certs.pace("a storm of 1,000 sidecars in 10 s", 100, 10, i -> certs.one(requests.get(i)));
    certs.peers(2);
    certs.print("addresses in /v1/peers", "/s", certs.peers(6));
    Load injector = new Load(Integer.parseInt(arguments[2]), Path.of(arguments[3]));
    byte[] review = Files.readAllBytes(Path.of(arguments[4]));
    injector.reviews("(warm-up) reviews at 100/s", 5, review);
    injector.reviews("reviews at 100/s", 10, review);
  }

  private static List<Request> requests(int count) {
    return IntStream.range(0, count)
        .parallel()
        .mapToObj(i -> {
          SpiffeId id = SpiffeId.parse("spiffe://cluster.local/ns/shop/sa/" + ApiServer.account(i));
          String csr = SigningRequest.create(id, Set.of(InetAddress.ofLiteral(ApiServer.address(i)))).pem();
          String body = "{\"csr\":\"" + csr.replace("\n", "\\n") + "\"}";
          return new Request(i, body.getBytes(StandardCharsets.US_ASCII));
        })
        .toList();
  }

  /** How many a second; each address asks for some pods over one connection. */
  private double certificates(List<Request> requests) throws Exception {
    AtomicInteger next = new AtomicInteger();
    int all = requests.size();
    return inLanes(all, lane -> {
      while (next.get() < all) {
        int from = next.getAndAdd(EACH_ADDRESS);
        int to = Math.min(all, from + EACH_ADDRESS);
        try (Socket socket = from >= all ? null : dial()) {
          for (int i = from; i < to; i++) {
            ask(socket, requests.get(i));
          }
        }
      }
    });
  }

  private void one(Request request) throws Exception {
    try (Socket socket = dial()) {
      ask(socket, request);
    }
  }

  private static void ask(Socket socket, Request request) throws Exception {
    expect(ask(socket, "/v1/certificates", "pod-" + request.pod(), request.body()));
  }

  /** Addresses a second, five hundred a call, a fifth of them Services'. */
  private double peers(int seconds) throws Exception {
    byte[] question =
        IntStream.range(0, 500)
            .mapToObj(i -> i % 5 == 0 ? ApiServer.serviceAddress(i) + ":80" : ApiServer.address(i) + ":8080")
            .collect(Collectors.joining("\",\"", "{\"addresses\":[\"", "\"]}"))
            .getBytes(StandardCharsets.US_ASCII);
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    AtomicInteger asked = new AtomicInteger();
    long began = System.nanoTime();
    inLanes(1, lane -> {
      while (System.nanoTime() < end) {
        try (Socket socket = dial()) {
          for (int i = 0; i < EACH_ADDRESS && System.nanoTime() < end; i++) {
            expect(ask(socket, "/v1/peers", "pod-" + lane, question));
            asked.addAndGet(500);
          }
        }
      }
    });
    return asked.get() * 1e9 / (System.nanoTime() - began);
  }

  private void reviews(String what, int seconds, byte[] review) throws Exception {
    ConcurrentLinkedQueue<Socket> idle = new ConcurrentLinkedQueue<>();
    pace(what, 100, seconds, i -> {
      Socket socket = idle.poll();
      socket = socket == null ? dial() : socket;
      expect(ask(socket, "/mutate", "", review));
      idle.add(socket);
    });
    for (Socket socket : idle) {
      socket.close();
    }
  }

  private interface Work {
    void run(int number) throws Exception;
  }

  /** At a steady pace, whether or not answers come; prints how long they took. */
  private void pace(String what, int perSecond, int seconds, Work work) throws Exception {
    int count = perSecond * seconds;
    long[] took = new long[count];
    AtomicInteger failed = new AtomicInteger();
    long begin = System.nanoTime();
    try (ExecutorService lanes = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < count; i++) {
        int number = i;
        long due = begin + i * 1_000_000_000L / perSecond;
        TimeUnit.NANOSECONDS.sleep(due - System.nanoTime());
        lanes.submit(() -> {
          try {
            work.run(number);
          } catch (Exception e) {
            if (failed.incrementAndGet() == 1) {
              System.err.println(what + ": " + e);
            }
          }
          took[number] = System.nanoTime() - due;
        });
      }
    }
    Arrays.sort(took);
    System.out.printf(
        "%-40s p50 %.1f ms, p99 %.1f ms, %d failed%n",
        what, took[count / 2] / 1e6, took[count * 99 / 100] / 1e6, failed.get());
  }

  private void print(String what, String unit, double figure) {
    System.out.printf("%-40s %.0f %s%n", what, figure, unit);
  }

  private double inLanes(int count, Work lane) throws Exception {
    long began = System.nanoTime();
    List<Future<?>> running;
    try (ExecutorService lanes = Executors.newVirtualThreadPerTaskExecutor()) {
      running =
          IntStream.range(0, LANES)
              .<Future<?>>mapToObj(i ->
                  lanes.submit(() -> {
                    lane.run(i);
                    return null;
                  }))
              .toList();
    }
    for (Future<?> each : running) {
      each.get();
    }
    return count * 1e9 / (System.nanoTime() - began);
  }

  /** From an address of its own, as every pod has one. */
  private Socket dial() throws Exception {
    int number = nextAddress.incrementAndGet();
    Socket plain = new Socket();
    plain.setTcpNoDelay(true);
    plain.bind(new InetSocketAddress("127.1." + number / 250 % 250 + "." + (1 + number % 250), 0));
    plain.connect(new InetSocketAddress("127.0.0.1", port));
    plain.setSoTimeout(30_000);
    return tls.createSocket(plain, "localhost", port, true);
  }

  private static void expect(Answer answer) {
    if (answer.status() != 200) {
      throw new IllegalStateException("answered with " + answer.status());
    }
  }

  private static Answer ask(Socket socket, String path, String token, byte[] body) throws Exception {
    String head =
        "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
            + body.length + "\r\n" + (token.isEmpty() ? "" : "Authorization: Bearer " + token + "\r\n") + "\r\n";
    byte[] start = head.getBytes(StandardCharsets.US_ASCII);
    byte[] whole = Arrays.copyOf(start, start.length + body.length);
    System.arraycopy(body, 0, whole, start.length, body.length);
    socket.getOutputStream().write(whole);
    InputStream in = socket.getInputStream();
    int status = Integer.parseInt(line(in).split(" ")[1]);
    int length = 0;
    for (String line = line(in); !line.isEmpty(); line = line(in)) {
      if (line.regionMatches(true, 0, "content-length:", 0, 15)) {
        length = Integer.parseInt(line.substring(15).strip());
      }
    }
    return new Answer(status, in.readNBytes(length).length);
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
