package io.podveil.injector.trust;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * The API server, as a pod reaches it. Two requests on one object don't earn a client library,
 * which alone would take a third of the memory that this program may have.
 */
public final class KubernetesApi {
  private static final Path ACCOUNT = Path.of("/var/run/secrets/kubernetes.io/serviceaccount");
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final URI server;
  private final Path token;
  private final HttpClient client;

  /**
   * An API server.
   *
   * @param server its address
   * @param token file with the token to show; read each time, since the kubelet renews it
   * @param authority file with the certificates to check it by
   */
  public KubernetesApi(URI server, Path token, Path authority) throws IOException {
    this.server = server;
    this.token = token;
    this.client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(PATIENCE)
            .sslContext(trusting(authority))
            .build();
  }

  /** The one that every pod finds in its environment and its service account's volume. */
  public static KubernetesApi ofThisPod(Map<String, String> environment) throws IOException {
    String host = environment.getOrDefault("KUBERNETES_SERVICE_HOST", "");
    String port = environment.getOrDefault("KUBERNETES_SERVICE_PORT", "443");
    if (host.isEmpty()) {
      throw new IOException(
          "KUBERNETES_SERVICE_HOST is not set: outside of a cluster, give --cert and --key");
    }
    String literal = host.contains(":") ? "[" + host + "]" : host;
    return new KubernetesApi(
        URI.create("https://" + literal + ":" + port),
        ACCOUNT.resolve("token"),
        ACCOUNT.resolve("ca.crt"));
  }

  HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return send(request(path).GET());
  }

  HttpResponse<String> patch(String path, String operations)
      throws IOException, InterruptedException {
    return send(
        request(path)
            .header("Content-Type", "application/json-patch+json")
            .method("PATCH", BodyPublishers.ofString(operations)));
  }

  private HttpRequest.Builder request(String path) throws IOException {
    return HttpRequest.newBuilder(server.resolve(path))
        .timeout(PATIENCE)
        .header("Accept", "application/json")
        .header("Authorization", "Bearer " + Files.readString(token).strip());
  }

  private HttpResponse<String> send(HttpRequest.Builder request)
      throws IOException, InterruptedException {
    return client.send(request.build(), BodyHandlers.ofString());
  }

  private static SSLContext trusting(Path authority) throws IOException {
    try (InputStream pem = Files.newInputStream(authority)) {
      KeyStore anchors = KeyStore.getInstance(KeyStore.getDefaultType());
      anchors.load(null, null);
      for (Certificate certificate :
          CertificateFactory.getInstance("X.509").generateCertificates(pem)) {
        anchors.setCertificateEntry("ca-" + anchors.size(), certificate);
      }
      TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(anchors);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, trust.getTrustManagers(), null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IOException(authority + " holds no certificates of the API server", e);
    }
  }
}
