package io.podveil.sidecar.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.podveil.sidecar.wire.Conversation.Role;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

final class FrameCodecPropertiesTest {
  @Property(tries = 300)
  void whatGoesInComesOutHoweverItIsCut(
      @ForAll @Size(max = 4) List<@Size(max = 6) List<@IntRange(max = 70_000) Integer>> requests,
      @ForAll @Size(max = 6) List<@IntRange(max = 70_000) Integer> responses,
      @ForAll Random random) {
    try (Wire client = Wire.client();
        Wire server = Wire.server()) {
      for (List<Integer> request : requests) {
        client.sends(Golden.IPV6);
        String asked = sendAll(client, request, random);
        List<Object> atServer = receiveInPieces(server, client.bytes(), random);
        assertThat(atServer.getFirst()).isEqualTo(Golden.IPV6);
        assertThat(text(atServer)).isEqualTo(asked);
        assertThat(atServer.getLast()).isEqualTo(StreamSignal.END);

        server.sends(Accept.ACCEPT);
        String answered = sendAll(server, responses, random);
        List<Object> atClient = receiveInPieces(client, server.bytes(), random);
        assertThat(atClient.getFirst()).isEqualTo(Accept.ACCEPT);
        assertThat(text(atClient)).isEqualTo(answered);
        assertThat(atClient.getLast()).isEqualTo(StreamSignal.END);
        assertThat(client.codec().isIdle() && server.codec().isIdle()).isTrue();
      }
    }
  }

  @Property(tries = 1000)
  void survivesRandomBytes(
      @ForAll Role victim, @ForAll @Size(max = 300) byte[] bytes, @ForAll Random random) {
    HostilePeer.attack(victim, pieces(bytes, random));
  }

  @Property(tries = 1000)
  void survivesDamagedFrames(
      @ForAll Role victim,
      @ForAll @Size(max = 12) List<Golden> frames,
      @ForAll @Size(max = 3) List<@IntRange(max = 400) Integer> damaged,
      @ForAll Random random) {
    ByteArrayOutputStream stream = new ByteArrayOutputStream();
    stream.writeBytes((victim == Role.SERVER ? Golden.HELLO_IPV4 : Golden.ACCEPT).bytes());
    frames.forEach(frame -> stream.writeBytes(frame.bytes()));
    byte[] bytes = stream.toByteArray();
    damaged.stream()
        .filter(at -> at < bytes.length)
        .forEach(at -> bytes[at] = (byte) random.nextInt());
    HostilePeer.attack(victim, pieces(bytes, random));
  }

  private static String sendAll(Wire from, List<Integer> lengths, Random random) {
    StringBuilder all = new StringBuilder();
    for (int length : lengths) {
      String text = Character.toString('a' + random.nextInt(26)).repeat(length);
      from.sends(random.nextBoolean() ? from.buffer(text) : from.bufferWithHeadroom(text));
      all.append(text);
    }
    from.sends(StreamSignal.END);
    return all.toString();
  }

  private static List<Object> receiveInPieces(Wire to, byte[] bytes, Random random) {
    List<Object> messages = new ArrayList<>();
    for (byte[] piece : pieces(bytes, random)) {
      to.receives(piece);
      messages.addAll(to.messages());
    }
    return messages;
  }

  private static String text(List<Object> messages) {
    StringBuilder text = new StringBuilder();
    messages.stream().filter(String.class::isInstance).forEach(text::append);
    return text.toString();
  }

  /** Cut anywhere: half the pieces shorter than a header, the others of any length. */
  private static List<byte[]> pieces(byte[] bytes, Random random) {
    List<byte[]> pieces = new ArrayList<>();
    for (int from = 0; from < bytes.length; ) {
      int most = random.nextBoolean() ? FrameType.HEADER : bytes.length;
      int to = Math.min(bytes.length, from + 1 + random.nextInt(most));
      pieces.add(Arrays.copyOfRange(bytes, from, to));
      from = to;
    }
    return pieces;
  }
}
