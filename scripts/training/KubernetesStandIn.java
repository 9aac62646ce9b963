import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/**
 * Says what an API server would say to Podveil's programs while they are trained or measured. No test and no mock:
 * whatever isn't asked for there is missing, and every token is good: {@code pod-17} is that pod's, any other the pod
 * a's, after the two milliseconds that a review takes elsewhere.
 */
final class KubernetesStandIn {
  /** An API server compresses what is longer, for who asked. */
  private static final int COMPRESSED_FROM = 128 * 1024;

  private static final int TOKEN_REVIEW_MILLIS = 2;
  private static final Pattern TOKEN = Pattern.compile("\"token\"\\s*:\\s*\"(pod-\\d+)\"");
  private static final Pattern LIMIT = Pattern.compile("limit=(\\d+)");
  private static final Pattern FROM = Pattern.compile("continue=(\\d+)");

  private final Cluster cluster;

  private KubernetesStandIn(Cluster cluster) {
    this.cluster = cluster;
  }

  /** Arguments: a PKCS#12 key store, the authority's directory, the file for the port, how many pods and Services. */
  public static void main(String... arguments) throws Exception {
    // Else the second half of an answer waits for the first to be acknowledged, which takes 40 ms.
    System.setProperty("sun.net.httpserver.nodelay", "true");
    char[] password = "training".toCharArray();
    KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(KeyStore.getInstance(Path.of(arguments[0]).toFile(), password), password);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    HttpsServer server = HttpsServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(context));
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    int pods = Integer.parseInt(arguments[3]);
    int services = Integer.parseInt(arguments[4]);
    server.createContext("/", new KubernetesStandIn(Cluster.of(pods, services, Path.of(arguments[1])))::answer);
    server.start();
    Files.writeString(Path.of(arguments[2]), Integer.toString(server.getAddress().getPort()));
    new CountDownLatch(1).await();
  }

  private void answer(HttpExchange exchange) throws IOException {
    String query = String.valueOf(exchange.getRequestURI().getQuery());
    if (query.contains("watch=true")) {
      watch(exchange);
      return;
    }
    byte[] body;
    try (InputStream in = exchange.getRequestBody()) {
      body = in.readAllBytes();
    }
    byte[] said = said(exchange.getRequestURI().getPath(), body, query);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    String accepted = String.valueOf(exchange.getRequestHeaders().getFirst("Accept-Encoding"));
    if (said.length > COMPRESSED_FROM && accepted.contains("gzip")) {
      exchange.getResponseHeaders().set("Content-Encoding", "gzip");
      said = compressed(said);
    }
    exchange.sendResponseHeaders(200, said.length);
    exchange.getResponseBody().write(said);
    exchange.close();
  }

  /** Not as a WebSocket, and nothing ever happens but for the word that it began. */
  private static void watch(HttpExchange exchange) throws IOException {
    if (exchange.getRequestHeaders().containsKey("Upgrade")) {
      exchange.sendResponseHeaders(200, -1);
      exchange.close();
      return;
    }
    exchange.sendResponseHeaders(200, 0);
    String bookmark =
        """
        {"type":"BOOKMARK","object":{"apiVersion":"v1","kind":"ConfigMap","metadata":{"resourceVersion":"1"}}}
        """;
    exchange.getResponseBody().write(bytes(bookmark));
    exchange.getResponseBody().flush();
  }

  /** At level 1, as an API server does it. */
  private static byte[] compressed(byte[] said) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream(said.length / 4);
    try (OutputStream gzip = new FastGzip(out)) {
      gzip.write(said);
    }
    return out.toByteArray();
  }

  private static final class FastGzip extends GZIPOutputStream {
    FastGzip(OutputStream out) throws IOException {
      super(out, 8192);
      def.setLevel(Deflater.BEST_SPEED);
    }
  }

  private byte[] said(String path, byte[] body, String query) throws IOException {
    String thing = path.substring(path.lastIndexOf('/') + 1);
    if (thing.equals("a") || thing.startsWith("pod-")) {
      return cluster.pod(thing);
    }
    return switch (thing) {
      case "podveil-ca" -> cluster.secrets().getFirst();
      case "podveil-injector" -> bytes(Cluster.WEBHOOKS);
      case "tokenreviews" -> review(body);
      // Server-side apply: what was sent is what there is now.
      case "podveil-trust" -> body;
      case "pods" -> list("Pod", cluster.pods(), query);
      case "services" -> list("Service", cluster.services(), query);
      case "endpointslices" -> list("EndpointSlice", cluster.slices(), query);
      case "namespaces" -> list("Namespace", cluster.namespaces(), query);
      case "secrets" -> list("Secret", cluster.secrets(), query);
      case "shop", "demo", "podveil-system" -> cluster.namespaces().getFirst();
      default -> list("ConfigMap", List.of(), query);
    };
  }

  private static byte[] review(byte[] body) {
    Matcher token = TOKEN.matcher(new String(body, StandardCharsets.UTF_8));
    try {
      Thread.sleep(TOKEN_REVIEW_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return bytes(Cluster.review(token.find() ? token.group(1) : "a"));
  }

  /** In pieces, where certs asks for them. */
  private static byte[] list(String kind, List<byte[]> all, String query) throws IOException {
    int from = number(FROM, query, 0);
    int to = (int) Math.min(all.size(), (long) from + number(LIMIT, query, Integer.MAX_VALUE));
    String more = to < all.size() ? ",\"continue\":\"" + to + "\"" : "";
    ByteArrayOutputStream out = new ByteArrayOutputStream(1 << 20);
    String metadata = "\"metadata\":{\"resourceVersion\":\"1\"" + more;
    out.write(bytes("{\"apiVersion\":\"v1\",\"kind\":\"" + kind + "List\"," + metadata));
    String before = "},\"items\":[";
    for (byte[] item : all.subList(from, to)) {
      out.write(bytes(before));
      out.write(item);
      before = ",";
    }
    out.write(bytes(from == to ? before + "]}" : "]}"));
    return out.toByteArray();
  }

  private static int number(Pattern pattern, String query, int otherwise) {
    Matcher matcher = pattern.matcher(query);
    return matcher.find() ? Integer.parseInt(matcher.group(1)) : otherwise;
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
