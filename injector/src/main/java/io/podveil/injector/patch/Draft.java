package io.podveil.injector.patch;

import tools.jackson.core.JsonPointer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * A copy of a JSON document that writes down every edit as an operation of RFC 6902, so that the
 * patch and the edited document can't disagree. An edit that changes nothing leaves no operation.
 */
public final class Draft {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private final ObjectNode document;
  private final ArrayNode operations = NODES.arrayNode();

  private Draft(ObjectNode document) {
    this.document = document;
  }

  /** A draft of this document, which itself is never touched. */
  public static Draft of(ObjectNode original) {
    return new Draft(original.deepCopy());
  }

  /**
   * The document as edited so far. To be read only: what is changed behind the draft's back is in
   * no patch.
   */
  public ObjectNode document() {
    return document;
  }

  /** What stands at this place, a missing node if nothing does. */
  public JsonNode at(JsonPointer place) {
    return document.at(place);
  }

  /** Sets a member of an object, with the objects above it if they are missing. */
  public void put(JsonPointer place, JsonNode value) {
    JsonPointer parentPlace = place.head();
    String member = place.last().getMatchingProperty();
    if (!(document.at(parentPlace) instanceof ObjectNode parent)) {
      put(parentPlace, NODES.objectNode().set(member, value));
      return;
    }
    JsonNode before = parent.get(member);
    if (value.equals(before)) {
      return;
    }
    parent.set(member, value.deepCopy());
    note(before == null ? "add" : "replace", place).set("value", value.deepCopy());
  }

  /**
   * Puts an element into an array, before the one that stands at the index; makes the array if it
   * is missing.
   */
  public void insert(JsonPointer array, int index, JsonNode value) {
    if (!(document.at(array) instanceof ArrayNode elements)) {
      put(array, NODES.arrayNode().add(value));
      return;
    }
    elements.insert(index, value.deepCopy());
    note("add", array.appendIndex(index)).set("value", value.deepCopy());
  }

  /** Takes away what stands at this place. */
  public void remove(JsonPointer place) {
    switch (document.at(place.head())) {
      case ObjectNode parent -> parent.remove(place.last().getMatchingProperty());
      case ArrayNode parent -> parent.remove(place.last().getMatchingIndex());
      default -> throw new IllegalArgumentException("nothing to remove at " + place);
    }
    note("remove", place);
  }

  /** The edits so far, as a JSON Patch. */
  public ArrayNode patch() {
    return operations.deepCopy();
  }

  private ObjectNode note(String operation, JsonPointer place) {
    return operations.addObject().put("op", operation).put("path", place.toString());
  }
}
