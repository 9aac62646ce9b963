import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;

/**
 * Says what an API server would say to Podveil's programs while they are trained: one namespace, one pod with this
 * machine's addresses, one authority. No test and no mock: whatever isn't asked for in training is missing.
 */
final class KubernetesStandIn {
  private static final String POD =
      """
      {"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"demo","name":"a","uid":"1","resourceVersion":"1",
       "labels":{"podveil.io/injected":"true"}},"spec":{"serviceAccountName":"a","nodeName":"n"},
       "status":{"phase":"Running","podIPs":[%s]}}""";
  private static final String REVIEW =
      """
      {"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","status":{"authenticated":true,
       "audiences":["podveil"],"user":{"username":"system:serviceaccount:demo:a","extra":{
       "authentication.kubernetes.io/pod-name":["a"],"authentication.kubernetes.io/pod-uid":["1"]}}}}""";
  private static final String SECRET =
      """
      {"apiVersion":"v1","kind":"Secret","metadata":{"namespace":"podveil-system","name":"podveil-ca",
       "resourceVersion":"1"},"type":"kubernetes.io/tls","data":{"tls.crt":"%s","tls.key":"%s"}}""";
  private static final String NAMESPACE =
      """
      {"apiVersion":"v1","kind":"Namespace","metadata":{"name":"demo","uid":"2","resourceVersion":"1",
       "labels":{"podveil.io/injection":"enabled"}}}""";
  private static final String WEBHOOKS =
      """
      {"apiVersion":"admissionregistration.k8s.io/v1","kind":"MutatingWebhookConfiguration",
       "metadata":{"name":"podveil-injector","resourceVersion":"1"},"webhooks":[{"clientConfig":{}}]}""";

  private final String secret;

  private KubernetesStandIn(Path authority) throws IOException {
    this.secret = SECRET.formatted(base64(authority.resolve("ca.pem")), base64(authority.resolve("ca-key.pem")));
  }

  /** Arguments: a PKCS#12 key store, the authority's directory, and the file that gets the port. */
  public static void main(String... arguments) throws Exception {
    char[] password = "training".toCharArray();
    KeyStore keys = KeyStore.getInstance(Path.of(arguments[0]).toFile(), password);
    KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(keys, password);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    HttpsServer server = HttpsServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(context));
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    KubernetesStandIn standIn = new KubernetesStandIn(Path.of(arguments[1]));
    server.createContext("/", standIn::answer);
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
    String body;
    try (InputStream in = exchange.getRequestBody()) {
      body = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
    byte[] said = said(exchange, body).getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(200, said.length);
    exchange.getResponseBody().write(said);
    exchange.close();
  }

  /** No WebSocket, and over HTTP nothing ever happens but for the word that it began. */
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
    exchange.getResponseBody().write(bookmark.getBytes(StandardCharsets.UTF_8));
    exchange.getResponseBody().flush();
  }

  private String said(HttpExchange exchange, String body) throws IOException {
    String path = exchange.getRequestURI().getPath();
    String thing = path.substring(path.lastIndexOf('/') + 1);
    return switch (thing) {
      case "podveil-ca" -> secret;
      case "podveil-injector" -> WEBHOOKS;
      case "tokenreviews" -> REVIEW;
      case "a" -> pod();
      // Server-side apply: what was sent is what there is now.
      case "podveil-trust" -> body;
      case "pods" -> list("Pod", pod());
      case "namespaces" -> list("Namespace", NAMESPACE);
      case "secrets" -> list("Secret", secret);
      case "demo", "podveil-system" -> NAMESPACE;
      case "services" -> list("Service");
      case "configmaps" -> list("ConfigMap");
      default -> list("EndpointSlice");
    };
  }

  private static String list(String kind, String... items) {
    return """
        {"apiVersion":"v1","kind":"%sList","metadata":{"resourceVersion":"1"},"items":[%s]}"""
        .formatted(kind, String.join(",", List.of(items)));
  }

  private static String pod() throws IOException {
    return POD.formatted(
        NetworkInterface.networkInterfaces()
            .flatMap(NetworkInterface::inetAddresses)
            .filter(address -> !address.isLoopbackAddress() && !address.isLinkLocalAddress())
            .map(InetAddress::getHostAddress)
            .map(address -> "{\"ip\":\"" + address.replaceFirst("%.*", "") + "\"}")
            .collect(Collectors.joining(",")));
  }

  private static String base64(Path file) throws IOException {
    return Base64.getEncoder().encodeToString(Files.readAllBytes(file));
  }
}
