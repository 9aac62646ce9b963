package io.podveil.certs.kube;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CompressedListsTest {
  private static final int PODS = 2000;
  private static final String LIST =
      IntStream.range(0, PODS)
          .mapToObj(CompressedListsTest::pod)
          .collect(Collectors.joining(",", "{\"kind\":\"PodList\",\"items\":[", "]}"));

  private final Map<String, String> accepted = new ConcurrentHashMap<>();
  private HttpServer apiServer;
  private KubernetesClient client;

  @BeforeEach
  void start() throws IOException {
    apiServer = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    apiServer.start();
    client =
        ResourceJson.use(
                new KubernetesClientBuilder()
                    .withConfig(
                        new ConfigBuilder()
                            .withMasterUrl("http://localhost:" + apiServer.getAddress().getPort())
                            .build()))
            .build();
  }

  @AfterEach
  void stop() {
    client.close();
    apiServer.stop(0);
  }

  @Test
  void readsAListThatComesCompressed() {
    answer("/api/v1/pods", compressed(LIST), "gzip");

    assertThat(list())
        .hasSize(PODS)
        .last()
        .extracting(CompressedListsTest::name)
        .isEqualTo("pod-" + (PODS - 1));
    assertThat(accepted).containsEntry("/api/v1/pods", "gzip");
  }

  @Test
  void readsAListThatComesPlainAllTheSame() {
    answer("/api/v1/pods", LIST.getBytes(StandardCharsets.UTF_8), "");

    assertThat(list()).hasSize(PODS);
  }

  @Test
  void asksForNothingElseToBeCompressed() {
    answer("/api/v1/namespaces/shop/pods/pod-1", pod(1).getBytes(StandardCharsets.UTF_8), "");

    assertThat(client.pods().inNamespace("shop").withName("pod-1").get())
        .extracting(CompressedListsTest::name)
        .isEqualTo("pod-1");
    assertThat(accepted).containsEntry("/api/v1/namespaces/shop/pods/pod-1", "nothing");
  }

  private List<Pod> list() {
    var options = new ListOptionsBuilder().withLimit((long) PODS).build();
    return client.pods().inAnyNamespace().list(options).getItems();
  }

  private void answer(String path, byte[] body, String encoding) {
    apiServer.createContext(path, exchange -> answer(exchange, body, encoding));
  }

  private void answer(HttpExchange exchange, byte[] body, String encoding) throws IOException {
    String wish = exchange.getRequestHeaders().getFirst("Accept-Encoding");
    accepted.put(exchange.getRequestURI().getPath(), Objects.requireNonNullElse(wish, "nothing"));
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    if (!encoding.isEmpty()) {
      exchange.getResponseHeaders().set("Content-Encoding", encoding);
    }
    exchange.sendResponseHeaders(200, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  private static String name(Pod pod) {
    return pod.getMetadata().getName();
  }

  private static String pod(int number) {
    return "{\"kind\":\"Pod\",\"metadata\":{\"namespace\":\"shop\",\"name\":\"pod-%d\"}}"
        .formatted(number);
  }

  private static byte[] compressed(String text) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (OutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(text.getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }
}
