package io.podveil.sidecar.peers;

import static org.assertj.core.api.Assertions.assertThat;

import io.podveil.sidecar.identity.SpiffeId;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** With the clock and the askers' thread in the test's hand. */
class PeerDirectoryTest {
  private static final InetSocketAddress CART = at("10.0.0.1");
  private static final InetSocketAddress WEB = at("10.0.0.2");
  private static final Peer MESHED =
      new Peer.Meshed(Set.of(SpiffeId.parse("spiffe://cluster.local/ns/shop/sa/cart")));
  private static final Peer PLAIN = new Peer.NotMeshed();
  private static final Peer UNASKED = new Peer.Unasked();

  private final List<JsonArray> questions = new ArrayList<>();
  private final Deque<Runnable> asking = new ArrayDeque<>();
  private Instant now = Instant.parse("2026-01-01T00:00:00Z");
  private boolean away;
  private boolean meshed = true;
  private final PeerDirectory directory = new PeerDirectory(this::answer, asking::add, () -> now);

  @Test
  void asksOnceHoweverManyWait() {
    List<CompletableFuture<Peer>> waiting = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      waiting.add(directory.at(CART));
    }
    assertThat(waiting).noneMatch(CompletableFuture::isDone);

    work();

    assertThat(waiting).allSatisfy(answer -> assertThat(answer.join()).isEqualTo(MESHED));
    assertThat(questions).containsExactly(JsonArray.of("10.0.0.1:80"));
  }

  @Test
  void meshedHoldsForAMinute() {
    known(CART);

    pass(59);
    assertThat(directory.at(CART)).isCompletedWithValue(MESHED);
    pass(1);
    assertThat(directory.at(CART)).isNotDone();
    assertThat(asking).hasSize(1);
  }

  @Test
  void notMeshedHoldsForFiveSeconds() {
    meshed = false;
    known(CART);

    pass(4);
    assertThat(directory.at(CART)).isCompletedWithValue(PLAIN);
    pass(1);
    meshed = true;
    CompletableFuture<Peer> answer = directory.at(CART);
    work();

    assertThat(answer).isCompletedWithValue(MESHED);
  }

  @Test
  void whatIsInUseIsAskedAgainInOneBatchBeforeItIsTooOld() {
    known(CART);
    known(WEB);
    questions.clear();

    pass(57);
    directory.refresh();
    assertThat(asking).isEmpty();
    pass(1);
    directory.refresh();
    directory.refresh();
    work();

    assertThat(questions)
        .singleElement()
        .satisfies(
            asked -> assertThat(asked).containsExactlyInAnyOrder("10.0.0.1:80", "10.0.0.2:80"));
    pass(59);
    assertThat(directory.at(CART)).isCompletedWithValue(MESHED);
  }

  @Test
  void whatIsNotInUseIsLeftAlone() {
    known(CART);

    pass(120);
    directory.refresh();

    assertThat(asking).isEmpty();
  }

  @Test
  void theLastAnswerStaysInForceWhileNobodyAnswers() {
    known(CART);
    away = true;

    for (int i = 0; i < 110; i++) {
      pass(1);
      directory.refresh();
      work();
    }
    assertThat(directory.at(CART)).isCompletedWithValue(MESHED);
    away = false;
    meshed = false;
    pass(5);
    directory.refresh();
    work();

    assertThat(directory.at(CART)).isCompletedWithValue(PLAIN);
  }

  @Test
  void withoutAnyAnswerNothingIsKnownAndNobodyWaitsTwice() {
    away = true;
    CompletableFuture<Peer> first = directory.at(CART);
    work();

    assertThat(first).isCompletedWithValue(UNASKED);
    assertThat(directory.at(CART)).isCompletedWithValue(UNASKED);
    assertThat(asking).isEmpty();
  }

  @Test
  void aConnectionWaitsNoLongerThanTheDeadline() {
    CompletableFuture<Peer> answer = directory.at(CART);

    assertThat(answer).succeedsWithin(Duration.ofSeconds(10)).isEqualTo(UNASKED);
    assertThat(questions).isEmpty();
  }

  @Test
  void whatProvedWrongIsAskedAgainAtOnce() {
    meshed = false;
    known(CART);
    meshed = true;

    CompletableFuture<Peer> answer = directory.again(CART);
    assertThat(answer).isNotDone();
    work();

    assertThat(answer).isCompletedWithValue(MESHED);
    assertThat(directory.at(CART)).isCompletedWithValue(MESHED);
  }

  @Test
  void aBatchIsNoLargerThanItMayBe() {
    for (int i = 0; i < 1100; i++) {
      directory.at(at("10.0." + i / 250 + "." + i % 250));
    }
    work();
    questions.clear();

    pass(59);
    directory.refresh();
    work();

    assertThat(questions).extracting(JsonArray::size).containsExactly(500, 500, 100);
  }

  private void known(InetSocketAddress address) {
    directory.at(address);
    work();
  }

  private void work() {
    while (!asking.isEmpty()) {
      asking.remove().run();
    }
  }

  private void pass(int seconds) {
    now = now.plusSeconds(seconds);
  }

  private Optional<String> answer(String question) {
    JsonArray addresses = new JsonObject(question).getJsonArray("addresses");
    questions.add(addresses);
    if (away) {
      return Optional.empty();
    }
    JsonArray peers = new JsonArray();
    for (Object address : addresses) {
      peers.add(
          new JsonObject()
              .put("address", address)
              .put("kind", "pod")
              .put("meshed", meshed)
              .put(
                  "identities",
                  meshed ? JsonArray.of("spiffe://cluster.local/ns/shop/sa/cart") : new JsonArray())
              .put("maxAge", meshed ? 60 : 5));
    }
    return Optional.of(new JsonObject().put("peers", peers).encode());
  }

  private static InetSocketAddress at(String address) {
    return new InetSocketAddress(InetAddress.ofLiteral(address), 80);
  }
}
