package io.podveil.sidecar.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.podveil.sidecar.wire.Conversation.Role;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Which frames either side may send, after which others: c is the client's frame, s the server's.
 */
final class ConversationTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      textBlock =
          """
          # what was sent so far                        | client may send   | server may send
          ''                                            | HELLO             | -
          cHELLO                                        | DATA END ABORT    | ACCEPT ABORT
          cHELLO cDATA                                  | DATA END ABORT    | ACCEPT ABORT
          cHELLO cEND                                   | -                 | ACCEPT ABORT
          cHELLO sACCEPT                                | DATA END ABORT    | DATA END ABORT
          cHELLO sACCEPT cEND                           | -                 | DATA END ABORT
          cHELLO sACCEPT sDATA sEND                     | DATA END ABORT    | -
          cHELLO sACCEPT sEND cEND                      | HELLO             | -
          cHELLO cEND sACCEPT sEND                      | HELLO             | -
          cHELLO cEND sACCEPT sEND cHELLO               | DATA END ABORT    | ACCEPT ABORT
          cHELLO cABORT                                 | -                 | -
          cHELLO sABORT                                 | -                 | -
          cHELLO sACCEPT cEND sABORT                    | -                 | -
          """)
  void allowsOnly(String history, @Nullable String client, @Nullable String server) {
    Conversation conversation = Conversation.IDLE;
    for (String step : history.isEmpty() ? new String[0] : history.split(" ", -1)) {
      Role sender = step.charAt(0) == 'c' ? Role.CLIENT : Role.SERVER;
      conversation = conversation.after(sender, FrameType.valueOf(step.substring(1)));
      assertThat(conversation).as(step).isNotNull();
    }
    assertThat(allowed(conversation, Role.CLIENT)).isEqualTo(frames(client));
    assertThat(allowed(conversation, Role.SERVER)).isEqualTo(frames(server));
  }

  private static Set<FrameType> allowed(Conversation conversation, Role sender) {
    Set<FrameType> allowed = EnumSet.allOf(FrameType.class);
    allowed.remove(FrameType.EXTENSION); // always
    allowed.removeIf(frame -> conversation.after(sender, frame) == null);
    return allowed;
  }

  private static Set<FrameType> frames(@Nullable String names) {
    Set<FrameType> frames = EnumSet.noneOf(FrameType.class);
    for (String name : names == null ? new String[0] : names.split(" ", -1)) {
      frames.add(FrameType.valueOf(name));
    }
    return frames;
  }
}
