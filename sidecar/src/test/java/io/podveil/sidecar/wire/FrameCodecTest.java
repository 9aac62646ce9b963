package io.podveil.sidecar.wire;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.handler.ssl.SslCloseCompletionEvent;
import java.nio.channels.ClosedChannelException;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class FrameCodecTest {
  private static final String HELLO_THEN_GREETING = hex(Golden.HELLO_IPV4) + "00 000005 68656c6c6f";

  @Test
  void passesOnAHelloAndTheBytesRightBehindIt() {
    try (Wire server = Wire.server()) {
      server.receives(HELLO_THEN_GREETING);
      assertThat(server.messages()).containsExactly(Golden.IPV4, "hello");
    }
  }

  @Test
  void passesOnThePiecesOfADataFrameAsTheyArrive() {
    try (Wire server = Wire.acceptedServer()) {
      server.receives("00 000005 6865");
      assertThat(server.messages()).containsExactly("he");
      server.receives("6c");
      server.receives("6c6f 01 000000");
      assertThat(server.messages()).containsExactly("l", "lo", StreamSignal.END);
    }
  }

  @Test
  void handsOnTheBufferItselfWhenNothingElseIsInIt() {
    try (Wire server = Wire.acceptedServer()) {
      ByteBuf in = server.buffer("\0\0\0\4veil");
      server.channel().writeInbound(in);
      ByteBuf out = server.channel().readInbound();
      assertThat(out).isSameAs(in);
      assertThat(out.toString(UTF_8)).isEqualTo("veil");
      assertThat(out.refCnt()).isEqualTo(1);
      out.release();
    }
  }

  @Test
  void writesTheHeaderInFrontOfTheBytesWhenThereIsRoom() {
    try (Wire client = Wire.acceptedClient()) {
      ByteBuf bytes = client.bufferWithHeadroom("veil");
      client.sends(bytes);
      ByteBuf frame = client.channel().readOutbound();
      assertThat(frame).isSameAs(bytes);
      assertThat(frame.toString(UTF_8)).isEqualTo("\0\0\0\4veil");
      frame.release();
      assertThat(client.channel().<Object>readOutbound()).isNull();
    }
  }

  @Test
  void leavesTheMemoryBeforeASharedBufferAlone() {
    try (Wire client = Wire.acceptedClient()) {
      ByteBuf shared = client.buffer("keepveil");
      client.sends(shared.retainedSlice().skipBytes(4));
      client.sends(shared.retainedDuplicate().skipBytes(4));
      client.sends(shared.duplicate().retain().skipBytes(4));
      assertThat(new String(client.bytes(), UTF_8)).isEqualTo("\0\0\0\4veil".repeat(3));
      assertThat(shared.toString(UTF_8)).isEqualTo("keepveil");
      shared.release();
    }
  }

  @Test
  void writesTheHeaderApartWhenThereIsNoRoom() {
    try (Wire client = Wire.acceptedClient()) {
      ChannelFuture written = client.write(client.buffer("veil"));
      assertThat(client.bytes()).isEqualTo(Golden.DATA.bytes());
      assertThat(written.isSuccess()).isTrue();
    }
  }

  @Test
  void splitsWhatIsLongerThanAFrame() {
    try (Wire client = Wire.acceptedClient();
        Wire server = Wire.acceptedServer()) {
      ChannelFuture written =
          client.write(Unpooled.wrappedBuffer(new byte[FrameType.MAX_LENGTH + 1]));
      byte[] bytes = client.bytes();
      assertThat(written.isSuccess()).isTrue();
      assertThat(bytes).hasSize(FrameType.MAX_LENGTH + 1 + 2 * FrameType.HEADER);
      assertThat(bytes).startsWith(0x00, 0xff, 0xff, 0xff, 0x00).endsWith(0, 0, 0, 1, 0);
      server.receives(bytes);
      assertThat(server.messages().stream().mapToInt(m -> ((String) m).length()).sum())
          .isEqualTo(FrameType.MAX_LENGTH + 1);
    }
  }

  @Test
  void failsTheWriteWhenOneOfItsPartsFails() {
    try (Wire client = Wire.acceptedClient()) {
      client.disappears();
      ChannelFuture written = client.write(client.buffer("veil"));
      assertThat(written.cause()).isInstanceOf(ClosedChannelException.class);
    }
  }

  @Test
  void writesNoFrameForAnEmptyBuffer() {
    try (Wire client = Wire.acceptedClient()) {
      assertThat(client.write(Unpooled.EMPTY_BUFFER).isSuccess()).isTrue();
      assertThat(client.bytes()).isEmpty();
    }
  }

  @Test
  void carriesOneAppConnectionAfterAnother() {
    try (Wire client = Wire.client();
        Wire server = Wire.server()) {
      for (int i = 0; i < 3; i++) {
        assertThat(client.codec().isIdle()).isTrue();
        client.sends(Golden.IPV6);
        client.sends(client.buffer("request"));
        client.sends(StreamSignal.END);
        server.receives(client.bytes());
        assertThat(server.messages()).containsExactly(Golden.IPV6, "request", StreamSignal.END);
        server.sends(Accept.ACCEPT);
        server.sends(server.buffer("response"));
        server.sends(StreamSignal.END);
        assertThat(server.codec().isIdle()).isTrue();
        client.receives(server.bytes());
        assertThat(client.messages()).containsExactly(Accept.ACCEPT, "response", StreamSignal.END);
      }
    }
  }

  @Test
  void takesAConnectionThatIsLostWithoutAnEndForAnAbort() {
    try (Wire server = Wire.acceptedServer()) {
      server.receives("00 000005 6865");
      server.disappears();
      assertThat(server.messages()).containsExactly("he", StreamSignal.ABORT);
      assertThat(server.codec().isLost()).isTrue();
    }
  }

  @Test
  void takesAConnectionThatIsLostAfterOnlyOneEndForAnAbort() {
    try (Wire server = Wire.acceptedServer()) {
      server.receives(Golden.END.bytes());
      server.disappears();
      assertThat(server.messages()).containsExactly(StreamSignal.END, StreamSignal.ABORT);
    }
  }

  @Test
  void abortsOnceHoweverManySignsOfLossThereAre() {
    try (Wire client = Wire.acceptedClient()) {
      client.channel().pipeline().fireUserEventTriggered(SslCloseCompletionEvent.SUCCESS);
      client.channel().pipeline().fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
      client.disappears();
      assertThat(client.messages()).containsExactly(StreamSignal.ABORT);
    }
  }

  /** close_notify has come and the FIN has not: nobody will hear this HELLO. */
  @Test
  void takesAHelloThatWasWrittenToALostConnectionForLostAsWell() {
    try (Wire client = Wire.client()) {
      client.channel().pipeline().fireUserEventTriggered(SslCloseCompletionEvent.SUCCESS);
      assertThat(client.codec().isIdle()).isFalse();
      client.sends(Golden.IPV4);
      client.disappears();

      assertThat(client.messages()).containsExactly(StreamSignal.ABORT);
    }
  }

  @Test
  void saysNothingOfAConnectionThatIsLostBetweenTwoAppConnections() {
    try (Wire server = Wire.acceptedServer()) {
      server.receives(Golden.END.bytes());
      server.sends(StreamSignal.END);
      assertThat(server.messages()).containsExactly(StreamSignal.END);
      server.channel().pipeline().fireUserEventTriggered(SslCloseCompletionEvent.SUCCESS);
      server.disappears();
      assertThat(server.messages()).isEmpty();
    }
  }

  @Test
  void tellsARefusalFromALoss() {
    try (Wire client = Wire.client()) {
      client.sends(Golden.IPV4);
      client.receives(Golden.ABORT.bytes());
      assertThat(client.messages()).containsExactly(StreamSignal.ABORT);
      assertThat(client.codec().isLost()).isFalse();
      assertThat(client.codec().isIdle()).isFalse();
    }
  }

  @Test
  void closesTheConnectionToAbortAfterItsOwnEnd() {
    try (Wire client = Wire.acceptedClient()) {
      client.sends(StreamSignal.END);
      assertThat(client.bytes()).isEqualTo(Golden.END.bytes());
      client.sends(StreamSignal.ABORT);
      assertThat(client.bytes()).isEmpty();
      assertThat(client.channel().isOpen()).isFalse();
    }
  }

  @Test
  void throwsAwayWhatComesAfterAnAbortOfItsOwn() {
    try (Wire server = Wire.acceptedServer()) {
      server.sends(StreamSignal.ABORT);
      assertThat(server.bytes()).isEqualTo(Golden.ABORT.bytes());
      server.receives("00 000005 68656c6c6f ffffffff");
      server.disappears();
      assertThat(server.messages()).isEmpty();
    }
  }

  @Test
  void failsWritesOnceTheConnectionIsBroken() {
    try (Wire server = Wire.acceptedServer()) {
      server.receives(Golden.ABORT.bytes());
      ChannelFuture written = server.write(server.buffer("late"));
      assertThat(written.cause()).isInstanceOf(ClosedChannelException.class);
      assertThat(server.messages()).containsExactly(StreamSignal.ABORT);
    }
  }

  @Test
  void refusesToWriteWhatTheProtocolDoesNotAllowNow() {
    try (Wire server = Wire.server();
        Wire client = Wire.acceptedClient()) {
      assertThat(server.write(Accept.ACCEPT).cause())
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("ACCEPT written while our direction was IDLE");
      assertThat(client.write(Golden.IPV4).cause()).isInstanceOf(IllegalStateException.class);
      assertThat(server.write(server.buffer("early")).cause())
          .isInstanceOf(IllegalStateException.class);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "00 000000", // DATA of nothing
        "01 000001 00", // END with a payload
        "03 000401", // HELLO beyond its limit
        "05 000000", // unknown
        "7f 000000", // unknown
        "04 000000", // the server's frame from a client
      })
  void takesAViolationForAnAbort(String hex) {
    try (Wire server = Wire.acceptedServer()) {
      assertThatThrownBy(() -> server.receives(hex))
          .isInstanceOf(ProtocolViolation.class)
          .message()
          .startsWith("peer sent ")
          .doesNotContain("\n");
      server.receives("00 000005 68656c6c6f");
      server.disappears();
      assertThat(server.messages()).containsExactly(StreamSignal.ABORT);
    }
  }

  @Test
  void skipsFramesOfALaterVersionWithoutKeepingThem() {
    try (Wire server = Wire.server()) {
      server.receives("80 000000 ff ffffff");
      for (int left = FrameType.MAX_LENGTH; left > 0; left -= 65537) {
        server.receives(new byte[Math.min(left, 65537)]);
      }
      server.receives(HELLO_THEN_GREETING);
      assertThat(server.messages()).containsExactly(Golden.IPV4, "hello");
    }
  }

  @Test
  void refusesBytesOfTheServerBeforeItsAccept() {
    try (Wire client = Wire.client()) {
      client.sends(Golden.IPV4);
      assertThatThrownBy(() -> client.receives(Golden.DATA.bytes()))
          .isInstanceOf(ProtocolViolation.class)
          .hasMessageContaining("DATA while its direction was ANSWERING");
      assertThat(client.messages()).containsExactly(StreamSignal.ABORT);
    }
  }

  private static String hex(Golden golden) {
    return HexFormat.of().formatHex(golden.bytes());
  }
}
