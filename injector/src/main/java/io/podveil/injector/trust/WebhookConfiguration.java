package io.podveil.injector.trust;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;

/**
 * Our own MutatingWebhookConfiguration in the API server, of which we read and write the caBundles
 * and nothing else.
 */
public final class WebhookConfiguration {
  private static final String PATH =
      "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/";

  private final KubernetesApi api;
  private final String name;

  public WebhookConfiguration(KubernetesApi api, String name) {
    this.api = api;
    this.name = name;
  }

  /**
   * The configuration as it stood at this version: one bundle for each webhook, empty bytes where
   * there is none.
   */
  record State(String resourceVersion, List<byte[]> bundles) {}

  State read() throws IOException, InterruptedException {
    JsonNode configuration = parsed(checked(api.get(PATH + name)));
    return new State(
        configuration.at("/metadata/resourceVersion").stringValue(""),
        configuration.path("webhooks").valueStream().map(WebhookConfiguration::bundle).toList());
  }

  /**
   * Writes one bundle for each webhook.
   *
   * @return whether it was written; if not, another replica was quicker, and it is to be read again
   */
  boolean write(State before, List<String> bundles) throws IOException, InterruptedException {
    ArrayNode patch = JsonMapper.shared().createArrayNode();
    patch
        .addObject()
        .put("op", "test")
        .put("path", "/metadata/resourceVersion")
        .put("value", before.resourceVersion());
    for (int i = 0; i < bundles.size(); i++) {
      patch
          .addObject()
          .put("op", "add")
          .put("path", "/webhooks/" + i + "/clientConfig/caBundle")
          .put(
              "value",
              Base64.getEncoder()
                  .encodeToString(bundles.get(i).getBytes(StandardCharsets.US_ASCII)));
    }
    HttpResponse<String> response =
        api.patch(PATH + name + "?fieldManager=podveil-injector", patch.toString());
    // 409: changed while the patch was applied; 422: changed before, the test of the version
    // failed.
    if (response.statusCode() == 409 || response.statusCode() == 422) {
      return false;
    }
    checked(response);
    return true;
  }

  private static byte[] bundle(JsonNode webhook) {
    try {
      return Base64.getDecoder().decode(webhook.at("/clientConfig/caBundle").stringValue(""));
    } catch (IllegalArgumentException e) {
      return new byte[0];
    }
  }

  private String checked(HttpResponse<String> response) throws IOException {
    return switch (response.statusCode()) {
      case 200 -> response.body();
      case 404 -> throw new IOException(object() + " does not exist: was install.yaml applied?");
      case 401, 403 ->
          throw new IOException(
              object()
                  + " may not be read or patched by this account: is the ClusterRole podveil-injector bound to it?");
      default ->
          throw new IOException(
              "the API server answered %d for %s".formatted(response.statusCode(), object()));
    };
  }

  private JsonNode parsed(String body) throws IOException {
    try {
      return JsonMapper.shared().readTree(body);
    } catch (JacksonException e) {
      throw new IOException("the API server answered something else than JSON for " + object(), e);
    }
  }

  private String object() {
    return "mutatingwebhookconfiguration/" + name;
  }
}
