package io.podveil.injector.webhook;

import io.podveil.injector.injection.Decision;
import io.podveil.injector.injection.Decision.Reason;
import io.podveil.injector.injection.Text;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * What the API server asks: may this pod be created, and how should it look?
 *
 * @param uid to be repeated in the answer
 * @param namespace that the pod is created in; the pod's own metadata may lack it
 * @param rehearsal whether this is a dry run
 * @param pod the pod as raw JSON
 */
record AdmissionReview(String uid, String namespace, boolean rehearsal, ObjectNode pod) {
  private static final String API_VERSION = "admission.k8s.io/v1";
  private static final JsonMapper JSON = JsonMapper.shared();

  /** The body is no review of a pod that is being created. */
  static final class UnreadableException extends Exception {
    private static final long serialVersionUID = 1;

    UnreadableException(String message) {
      super(message);
    }
  }

  static AdmissionReview read(byte[] body) throws UnreadableException {
    JsonNode review = parsed(body);
    if (!review.path("kind").stringValue("").equals("AdmissionReview")
        || !review.path("apiVersion").stringValue("").equals(API_VERSION)) {
      throw new UnreadableException("not an AdmissionReview of " + API_VERSION);
    }
    JsonNode request = review.path("request");
    String uid = request.path("uid").stringValue("");
    boolean creation = request.path("operation").stringValue("").equals("CREATE");
    boolean ofPod =
        request.at("/kind/kind").stringValue("").equals("Pod")
            && request.path("subResource").stringValue("").isEmpty();
    if (uid.isEmpty()
        || !creation
        || !ofPod
        || !(request.path("object") instanceof ObjectNode pod)) {
      throw new UnreadableException(
          "not the creation of a pod: the webhook configuration may send CREATE of pods only");
    }
    return new AdmissionReview(
        uid,
        request.path("namespace").stringValue(""),
        request.path("dryRun").booleanValue(false),
        pod);
  }

  private static JsonNode parsed(byte[] body) throws UnreadableException {
    try {
      return JSON.readTree(body);
    } catch (JacksonException e) {
      throw new UnreadableException("not JSON");
    }
  }

  /** The answer's body. */
  byte[] answer(Decision decision) {
    ObjectNode review =
        JSON.createObjectNode().put("apiVersion", API_VERSION).put("kind", "AdmissionReview");
    ObjectNode response = review.putObject("response").put("uid", uid);
    switch (decision) {
      case Decision.Inject inject -> {
        response.put("allowed", true).put("patchType", "JSONPatch");
        byte[] patch = inject.patch().toString().getBytes(StandardCharsets.UTF_8);
        response.put("patch", Base64.getEncoder().encodeToString(patch));
      }
      case Decision.Skip skip -> {
        response.put("allowed", true);
        if (skip.reason() == Reason.HOST_NETWORK || skip.reason() == Reason.WINDOWS) {
          response.putArray("warnings").add("podveil: not injected: " + skip.reason().text());
        }
      }
      case Decision.Deny deny -> {
        response.put("allowed", false);
        response.putObject("status").put("code", 403).put("message", deny.message());
      }
    }
    return review.toString().getBytes(StandardCharsets.UTF_8);
  }

  /** The pod as a person knows it; a pod of a ReplicaSet has no name yet, only its beginning. */
  String podName() {
    JsonNode metadata = pod.path("metadata");
    String name = metadata.path("name").stringValue("");
    String shown = name.isEmpty() ? metadata.path("generateName").stringValue("") + "*" : name;
    return Text.shown(namespace) + "/" + Text.shown(shown);
  }
}
