import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What is in the cluster of {@link KubernetesStandIn}, written once before anybody asks: so many pods of two hundred
 * service accounts in namespace shop, so many Services with ten endpoints each, and a pod "a" in namespace demo that
 * has this machine's addresses.
 */
record Cluster(
    List<byte[]> pods, List<byte[]> services, List<byte[]> slices, List<byte[]> namespaces, List<byte[]> secrets) {
  /** Between two ids, in what real pods are full of. */
  private static final String ALIKE = " the same in every pod, as most of it is;".repeat(3);

  static final String WEBHOOKS =
      """
      {"apiVersion":"admissionregistration.k8s.io/v1","kind":"MutatingWebhookConfiguration",
       "metadata":{"name":"podveil-injector","resourceVersion":"1"},"webhooks":[{"clientConfig":{}}]}""";

  static Cluster of(int pods, int services, Path authority) {
    List<byte[]> all = written(pods + 1, i -> i < pods ? pod(i) : own());
    return new Cluster(
        all,
        written(services, Cluster::service),
        written(services, Cluster::slice),
        written(2, i -> namespace(i == 0 ? "shop" : "demo")),
        written(1, i -> secret(authority)));
  }

  /** A pod by its name, "pod-17" or "a". */
  byte[] pod(String name) {
    return name.equals("a") ? pods.getLast() : pods.get(Integer.parseInt(name.substring("pod-".length())));
  }

  /** What a TokenReview says of a pod's token. */
  static String review(String pod) {
    boolean own = pod.equals("a");
    String account = own ? "demo:a" : "shop:" + account(Integer.parseInt(pod.substring("pod-".length())));
    return """
        {"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","status":{"authenticated":true,
         "audiences":["podveil"],"user":{"username":"system:serviceaccount:%s","extra":{
         "authentication.kubernetes.io/pod-name":["%s"],"authentication.kubernetes.io/pod-uid":["uid-%s"]}}}}"""
        .formatted(account, pod, pod);
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
    return pod("shop", "pod-" + i, account(i), "node-" + i % 100, "{\"ip\":\"" + address(i) + "\"}");
  }

  /** What nobody here reads, three kilobytes that an API server compresses to a tenth. */
  private static String ballast(String name) {
    return new Random(name.hashCode())
        .longs(22)
        .mapToObj(Long::toHexString)
        .collect(Collectors.joining(ALIKE));
  }

  private static String own() {
    return pod("demo", "a", "a", "n", ownAddresses());
  }

  private static String pod(String namespace, String name, String account, String node, String addresses) {
    return """
        {"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"%s","name":"%s","uid":"uid-%s","resourceVersion":"1",
         "labels":{"podveil.io/injected":"true"},"annotations":{"ballast":"%s"}},
         "spec":{"serviceAccountName":"%s","nodeName":"%s","containers":[{"name":"app","image":"app:1"}]},
         "status":{"phase":"Running","podIPs":[%s]}}"""
        .formatted(namespace, name, name, ballast(name), account, node, addresses);
  }

  private static String ownAddresses() {
    try {
      return NetworkInterface.networkInterfaces()
          .flatMap(NetworkInterface::inetAddresses)
          .filter(address -> !address.isLoopbackAddress() && !address.isLinkLocalAddress())
          .map(InetAddress::getHostAddress)
          .map(address -> "{\"ip\":\"" + address.replaceFirst("%.*", "") + "\"}")
          .collect(Collectors.joining(","));
    } catch (SocketException e) {
      throw new UncheckedIOException(e);
    }
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
                "{\"addresses\":[\"%s\"],\"conditions\":{\"ready\":true},\"nodeName\":\"node-%d\",\"zone\":\"z\"}"
                    .formatted(address(pod), pod % 100))
            .collect(Collectors.joining(","));
    return """
        {"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{"namespace":"shop","name":"service-%d-x",
         "resourceVersion":"1","labels":{"kubernetes.io/service-name":"service-%d"}},"addressType":"IPv4",
         "ports":[{"port":8080,"protocol":"TCP"}],"endpoints":[%s]}"""
        .formatted(i, i, endpoints);
  }

  private static String namespace(String name) {
    return """
        {"apiVersion":"v1","kind":"Namespace","metadata":{"name":"%s","uid":"2","resourceVersion":"1",
         "labels":{"podveil.io/injection":"enabled"}}}"""
        .formatted(name);
  }

  private static String secret(Path authority) {
    return """
        {"apiVersion":"v1","kind":"Secret","metadata":{"namespace":"podveil-system","name":"podveil-ca",
         "resourceVersion":"1"},"type":"kubernetes.io/tls","data":{"tls.crt":"%s","tls.key":"%s"}}"""
        .formatted(base64(authority.resolve("ca.pem")), base64(authority.resolve("ca-key.pem")));
  }

  private static String base64(Path file) {
    try {
      return Base64.getEncoder().encodeToString(Files.readAllBytes(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<byte[]> written(int count, IntFunction<String> item) {
    return IntStream.range(0, count)
        .parallel()
        .mapToObj(i -> item.apply(i).getBytes(StandardCharsets.UTF_8))
        .toList();
  }
}
