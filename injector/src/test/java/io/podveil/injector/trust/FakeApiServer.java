package io.podveil.injector.trust;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.zjsonpatch.JsonPatch;
import io.podveil.injector.serving.Credential;
import io.podveil.injector.serving.SelfMade;
import io.podveil.injector.serving.Tls;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.PemKeyCertOptions;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The API server as far as one webhook configuration goes: versions, patches with tests, refusals.
 */
public final class FakeApiServer implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Vertx vertx = Vertx.vertx();
  private final KubernetesApi api;
  private ObjectNode configuration;
  private int version = 1;
  private int writes;
  private volatile int failure;
  private volatile Runnable beforeWrite = () -> {};

  public FakeApiServer(Path directory, int webhooks) throws IOException {
    configuration = empty(webhooks);
    Credential credential = new SelfMade("localhost").make(Instant.now());
    int port =
        vertx
            .createHttpServer(
                new HttpServerOptions()
                    .setSsl(true)
                    .setKeyCertOptions(
                        new PemKeyCertOptions()
                            .addCertValue(Buffer.buffer(Tls.pem(credential.leaf())))
                            .addKeyValue(Buffer.buffer(Tls.keyPem(credential)))))
            .requestHandler(request -> request.body().onSuccess(body -> answer(request, body)))
            .listen(0, "localhost")
            .await()
            .actualPort();
    Files.writeString(directory.resolve("token"), "the-token\n");
    Files.writeString(directory.resolve("ca.crt"), Tls.pem(credential.leaf()));
    api =
        new KubernetesApi(
            URI.create("https://localhost:" + port),
            directory.resolve("token"),
            directory.resolve("ca.crt"));
  }

  public KubernetesApi api() {
    return api;
  }

  /** What each webhook's caBundle holds. */
  synchronized List<CaBundle> bundles() {
    return IntStream.range(0, configuration.path("webhooks").size())
        .mapToObj(i -> configuration.at("/webhooks/" + i + "/clientConfig/caBundle").asText())
        .map(text -> CaBundle.read(Base64.getDecoder().decode(text)))
        .toList();
  }

  synchronized int writes() {
    return writes;
  }

  /** Forgets all bundles, as somebody does who replaces the object by its manifest. */
  synchronized void wipe() {
    configuration = empty(configuration.path("webhooks").size());
    version++;
  }

  synchronized void setBundle(int webhook, byte[] content) {
    ((ObjectNode) configuration.at("/webhooks/" + webhook + "/clientConfig"))
        .put("caBundle", Base64.getEncoder().encodeToString(content));
    version++;
  }

  /** Answers everything with this status; 0 to work again. */
  void failWith(int status) {
    failure = status;
  }

  /** Runs between somebody's reading and writing. */
  void beforeWrite(Runnable action) {
    beforeWrite = action;
  }

  @Override
  public void close() {
    vertx.close().await();
  }

  private void answer(HttpServerRequest request, Buffer body) {
    if (failure != 0 || !"Bearer the-token".equals(request.getHeader("Authorization"))) {
      request.response().setStatusCode(failure == 0 ? 401 : failure).end();
      return;
    }
    if (request.method().name().equals("PATCH")) {
      Runnable action = beforeWrite;
      beforeWrite = () -> {};
      action.run();
      request.response().setStatusCode(patch(body.toString()) ? 200 : 422);
    }
    request.response().end(text());
  }

  private synchronized boolean patch(String operations) {
    try {
      JsonNode patched = JsonPatch.apply(JSON.readTree(operations), JSON.readTree(text()));
      configuration = (ObjectNode) patched;
      version++;
      writes++;
      return true;
    } catch (RuntimeException | JsonProcessingException e) {
      return false;
    }
  }

  private synchronized String text() {
    ((ObjectNode) configuration.path("metadata")).put("resourceVersion", Integer.toString(version));
    return configuration.toString();
  }

  private static ObjectNode empty(int webhooks) {
    ObjectNode configuration = JSON.createObjectNode();
    configuration.putObject("metadata").put("name", "podveil-injector");
    var list = configuration.putArray("webhooks");
    for (int i = 0; i < webhooks; i++) {
      list.addObject().put("name", "webhook-" + i).putObject("clientConfig").putObject("service");
    }
    return configuration;
  }
}
