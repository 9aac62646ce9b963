package io.podveil.sidecar.wire;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** DATA that comes past the pipeline, and where that ends. */
final class TakeDataTest {
  private final FrameReader reader = new FrameReader();
  private final ByteArrayOutputStream taken = new ByteArrayOutputStream();

  @Test
  void payloadsAreMovedTogether() {
    ByteBuf in = frames("abc", "d", "efgh");
    long data = reader.takeData(in);
    assertThat(in.toString((int) (data >>> 32), (int) data, UTF_8)).isEqualTo("abcdefgh");
    assertThat(in.isReadable()).isFalse();
    assertThat(reader.isInsideFrame()).isFalse();
  }

  @Test
  void anEndIsLeftForThePipeline() throws Exception {
    ByteBuf in = frames("abc");
    in.writeInt(FrameType.END.header(0));
    take(in);
    assertThat(taken).hasToString("abc");
    assertThat(reader.next(in)).isEqualTo(StreamSignal.END);
  }

  @Test
  void halfAHeaderIsLeftForThePipeline() throws Exception {
    ByteBuf in = frames("abc", "de");
    ByteBuf rest = in.copy(9, 4);
    take(in.slice(0, 9));
    assertThat(taken).hasToString("abc");
    assertThat(reader.mayTakeData()).isTrue();
    assertThat(reader.next(in.slice(7, 2))).isNull();
    assertThat(reader.mayTakeData()).isFalse();
    take(rest);
    assertThat(taken).hasToString("abc");
  }

  @Test
  void anEmptyDataFrameIsLeftForThePipelineToRefuse() {
    ByteBuf in = Unpooled.buffer().writeInt(0);
    take(in);
    assertThat(in.readableBytes()).isEqualTo(4);
  }

  static IntStream seeds() {
    return IntStream.range(0, 200);
  }

  /** However the frames are cut, by this and the pipeline in turns. */
  @ParameterizedTest
  @MethodSource("seeds")
  void notAByteIsLostOrAdded(int seed) throws Exception {
    Random random = new Random(seed);
    ByteArrayOutputStream sent = new ByteArrayOutputStream();
    ByteBuf wire = Unpooled.buffer();
    for (int i = 0; i < 20; i++) {
      byte[] payload = new byte[1 + random.nextInt(40)];
      random.nextBytes(payload);
      sent.writeBytes(payload);
      wire.writeInt(FrameType.DATA.header(payload.length)).writeBytes(payload);
    }
    while (wire.isReadable()) {
      ByteBuf in = wire.readBytes(Math.min(wire.readableBytes(), 1 + random.nextInt(60)));
      if (reader.mayTakeData()) {
        take(in);
      }
      while (in.isReadable()) {
        if (reader.next(in) instanceof ByteBuf bytes) {
          append(bytes, bytes.readerIndex(), bytes.readableBytes());
          bytes.skipBytes(bytes.readableBytes());
        }
      }
    }
    assertThat(taken.toByteArray()).isEqualTo(sent.toByteArray());
  }

  private void take(ByteBuf in) {
    long data = reader.takeData(in);
    append(in, (int) (data >>> 32), (int) data);
  }

  private void append(ByteBuf from, int index, int length) {
    byte[] bytes = new byte[length];
    from.getBytes(index, bytes);
    taken.writeBytes(bytes);
  }

  private static ByteBuf frames(String... payloads) {
    ByteBuf wire = Unpooled.buffer();
    for (String payload : payloads) {
      wire.writeInt(FrameType.DATA.header(payload.length()));
      wire.writeCharSequence(payload, UTF_8);
    }
    return wire;
  }
}
