package io.podveil.injector.patch;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Applies patches with somebody else's JSON Patch: an independent reading of what ours mean. */
public final class Patches {
  private static final ObjectMapper THEIRS = new ObjectMapper();

  private Patches() {}

  public static ObjectNode apply(JsonNode patch, ObjectNode document) {
    try {
      var patched =
          io.fabric8.zjsonpatch.JsonPatch.apply(
              THEIRS.readTree(patch.toString()), THEIRS.readTree(document.toString()));
      return (ObjectNode) JsonMapper.shared().readTree(patched.toString());
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }
}
