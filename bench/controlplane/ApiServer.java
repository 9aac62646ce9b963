import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Base64;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.function.IntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/**
 * An API server for the benchmark: ten thousand pods of two hundred service accounts, a thousand Services with ten
 * endpoints each, and a TokenReview that takes the token {@code pod-17} for that pod's, after two milliseconds.
 * Arguments: a PKCS#12 key store, the authority's directory, and the file that gets the port.
 */
final class ApiServer {
  static final int PODS = 10_000;
  static final int SERVICES = 1_000;

  private static final int TOKEN_REVIEW_MILLIS = 2;
  private static final Pattern TOKEN = Pattern.compile("\"token\"\\s*:\\s*\"pod-(\\d+)\"");

  /** What real pods are full of, and nobody here reads. */
  private static final String BALLAST = "x".repeat(3000);

  private final String secret;

  private ApiServer(Path authority) throws IOException {
    this.secret =
        """
        {"apiVersion":"v1","kind":"Secret","metadata":{"namespace":"podveil-system","name":"podveil-ca",
         "resourceVersion":"1"},"type":"kubernetes.io/tls","data":{"tls.crt":"%s","tls.key":"%s"}}"""
            .formatted(base64(authority.resolve("ca.pem")), base64(authority.resolve("ca-key.pem")));
  }

  public static void main(String... arguments) throws Exception {
    char[] password = "training".toCharArray();
    KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(KeyStore.getInstance(Path.of(arguments[0]).toFile(), password), password);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    HttpsServer server = HttpsServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(context));
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/", new ApiServer(Path.of(arguments[1]))::answer);
    server.start();
    Files.writeString(Path.of(arguments[2]), Integer.toString(server.getAddress().getPort()));
    new CountDownLatch(1).await();
  }

  private void answer(HttpExchange exchange) throws IOException {
    if (String.valueOf(exchange.getRequestURI().getQuery()).contains("watch=true")) {
      watch(exchange);
      return;
    }
    String body;
    try (InputStream in = exchange.getRequestBody()) {
      body = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
    Page page = Page.of(String.valueOf(exchange.getRequestURI().getQuery()));
    byte[] said = said(exchange.getRequestURI().getPath(), body, page).getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
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
    String bookmark = "{\"type\":\"BOOKMARK\",\"object\":{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\","
        + "\"metadata\":{\"resourceVersion\":\"1\"}}}\n";
    exchange.getResponseBody().write(bookmark.getBytes(StandardCharsets.UTF_8));
    exchange.getResponseBody().flush();
  }

  private String said(String path, String body, Page page) {
    String thing = path.substring(path.lastIndexOf('/') + 1);
    if (thing.startsWith("pod-")) {
      return pod(Integer.parseInt(thing.substring("pod-".length())));
    }
    return switch (thing) {
      case "podveil-ca" -> secret;
      case "tokenreviews" -> review(body);
      case "podveil-trust" -> body;
      case "pods" -> page.list("Pod", PODS, ApiServer::pod);
      case "services" -> page.list("Service", SERVICES, ApiServer::service);
      case "endpointslices" -> page.list("EndpointSlice", SERVICES, ApiServer::slice);
      case "namespaces" -> page.list("Namespace", 1, i -> namespace());
      case "secrets" -> page.list("Secret", 1, i -> secret);
      case "shop", "podveil-system" -> namespace();
      default -> page.list("ConfigMap", 0, i -> "");
    };
  }

  private static String review(String body) {
    Matcher token = TOKEN.matcher(body);
    if (!token.find()) {
      return "{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"TokenReview\",\"status\":{\"authenticated\":false}}";
    }
    try {
      Thread.sleep(TOKEN_REVIEW_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    int pod = Integer.parseInt(token.group(1));
    return """
        {"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","status":{"authenticated":true,
         "audiences":["podveil"],"user":{"username":"system:serviceaccount:shop:%s","extra":{
         "authentication.kubernetes.io/pod-name":["pod-%d"],"authentication.kubernetes.io/pod-uid":["uid-%d"]}}}}"""
        .formatted(account(pod), pod, pod);
  }

  static String account(int pod) {
    return "account-" + pod % 200;
  }

  static String address(int pod) {
    return "10." + (1 + pod / 65_536) + "." + pod / 256 % 256 + "." + pod % 256;
  }

  static String serviceAddress(int service) {
    return "10.200." + service / 250 + "." + (1 + service % 250);
  }

  private static String pod(int i) {
    return """
        {"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"shop","name":"pod-%d","uid":"uid-%d",
         "resourceVersion":"1","labels":{"podveil.io/injected":"true"},"annotations":{"ballast":"%s"}},
         "spec":{"serviceAccountName":"%s","nodeName":"node-%d"},"status":{"phase":"Running","podIPs":[{"ip":"%s"}]}}"""
        .formatted(i, i, BALLAST, account(i), i % 100, address(i));
  }

  private static String service(int i) {
    return """
        {"apiVersion":"v1","kind":"Service","metadata":{"namespace":"shop","name":"service-%d","resourceVersion":"1"},
         "spec":{"clusterIPs":["%s"],"clusterIP":"%s","ports":[{"port":80,"protocol":"TCP","targetPort":8080}]}}"""
        .formatted(i, serviceAddress(i), serviceAddress(i));
  }

  private static String slice(int i) {
    String endpoints =
        IntStream.range(i * 10, i * 10 + 10)
            .mapToObj(pod ->
                "{\"addresses\":[\"%s\"],\"conditions\":{\"ready\":true},\"nodeName\":\"node-%d\"}"
                    .formatted(address(pod), pod % 100))
            .collect(Collectors.joining(","));
    return """
        {"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{"namespace":"shop","name":"service-%d-x",
         "resourceVersion":"1","labels":{"kubernetes.io/service-name":"service-%d"}},"addressType":"IPv4",
         "ports":[{"port":8080,"protocol":"TCP"}],"endpoints":[%s]}"""
        .formatted(i, i, endpoints);
  }

  private static String namespace() {
    return """
        {"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop","uid":"2","resourceVersion":"1",
         "labels":{"podveil.io/injection":"enabled"}}}""";
  }

  /** Lists come in pieces, as certs asks for them. */
  private record Page(int from, int limit) {
    private static final Pattern LIMIT = Pattern.compile("limit=(\\d+)");
    private static final Pattern FROM = Pattern.compile("continue=(\\d+)");

    static Page of(String query) {
      Matcher limit = LIMIT.matcher(query);
      Matcher from = FROM.matcher(query);
      return new Page(
          from.find() ? Integer.parseInt(from.group(1)) : 0,
          limit.find() ? Integer.parseInt(limit.group(1)) : Integer.MAX_VALUE / 2);
    }

    String list(String kind, int count, IntFunction<String> item) {
      int to = Math.min(count, from + limit);
      String more = to < count ? ",\"continue\":\"" + to + "\"" : "";
      return IntStream.range(from, to)
          .mapToObj(item)
          .collect(
              Collectors.joining(
                  ",",
                  "{\"apiVersion\":\"v1\",\"kind\":\"" + kind + "List\",\"metadata\":{\"resourceVersion\":\"1\""
                      + more + "},\"items\":[",
                  "]}"));
    }
  }

  private static String base64(Path file) throws IOException {
    return Base64.getEncoder().encodeToString(Files.readAllBytes(file));
  }
}
