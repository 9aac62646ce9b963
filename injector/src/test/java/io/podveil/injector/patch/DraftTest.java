package io.podveil.injector.patch;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import tools.jackson.core.JsonPointer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.node.StringNode;

class DraftTest {
  private final ObjectNode original =
      (ObjectNode)
          json("{\"a\": {\"b\": 1}, \"list\": [1, 2, 3], \"none\": null, \"unknown\": 1.50}");
  private final Draft draft = Draft.of(original);

  @Test
  void notesWhatItDoesSoThatThePatchLeadsFromTheOriginalToTheDocument() {
    draft.put(place("/a/b"), json("2"));
    draft.put(place("/a/c~1d~0e"), json("\"new\""));
    draft.insert(place("/list"), 0, json("0"));
    draft.insert(place("/list"), 4, json("4"));
    draft.remove(place("/list/2"));
    draft.remove(place("/a/b"));

    assertThat(Patches.apply(draft.patch(), original)).isEqualTo(draft.document());
    assertThat(draft.document())
        .isEqualTo(
            json(
                "{\"a\": {\"c/d~e\": \"new\"}, \"list\": [0, 1, 3, 4], \"none\": null, \"unknown\": 1.50}"));
  }

  @Test
  void leavesNoOperationForAnEditThatChangesNothing() {
    draft.put(place("/a/b"), json("1"));

    assertThat(draft.patch()).isEmpty();
  }

  @Test
  void makesTheObjectsThatAreMissingOnTheWay() {
    draft.put(place("/metadata/labels/x"), StringNode.valueOf("y"));

    assertThat(draft.patch())
        .isEqualTo(
            json(
                "[{\"op\": \"add\", \"path\": \"/metadata\", \"value\": {\"labels\": {\"x\": \"y\"}}}]"));
  }

  @Test
  void takesNullForMissing() {
    draft.put(place("/none/x"), json("1"));
    assertThat(draft.patch())
        .isEqualTo(json("[{\"op\": \"replace\", \"path\": \"/none\", \"value\": {\"x\": 1}}]"));
  }

  @Test
  void makesTheArrayThatIsMissing() {
    draft.insert(place("/more"), 0, json("1"));
    draft.insert(place("/more"), 1, json("2"));

    assertThat(Patches.apply(draft.patch(), original).path("more")).isEqualTo(json("[1, 2]"));
  }

  @Test
  void neverTouchesTheOriginal() {
    ObjectNode before = original.deepCopy();

    draft.remove(place("/a"));
    draft.insert(place("/list"), 0, json("0"));

    assertThat(original).isEqualTo(before);
  }

  @Test
  void keepsThePatchFreeOfLaterEdits() {
    JsonNode value = json("{\"x\": 1}");
    draft.put(place("/new"), value);
    JsonNode patch = draft.patch();

    draft.put(place("/new/x"), json("2"));

    assertThat(patch.at("/0/value/x").intValue()).isEqualTo(1);
    assertThat(draft.patch().at("/0/value/x").intValue()).isEqualTo(1);
  }

  private static JsonPointer place(String text) {
    return JsonPointer.compile(text);
  }

  private static JsonNode json(String text) {
    return JsonMapper.shared().readTree(text);
  }
}
