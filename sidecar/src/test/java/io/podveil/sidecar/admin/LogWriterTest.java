package io.podveil.sidecar.admin;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class LogWriterTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  @Test
  void writesEveryLineInOrderBeforeItCloses() {
    LogWriter log = new LogWriter(out, text -> text);
    for (int i = 0; i < 1000; i++) {
      log.line("line " + i);
    }
    log.close();
    assertThat(written()).hasSize(1000).startsWith("line 0", "line 1").endsWith("line 999");
  }

  @Test
  void aLineIsWrittenThoughNoOtherComes() {
    LogWriter log = new LogWriter(out, text -> text);
    log.line("first");
    Awaitility.await().until(() -> written().equals(List.of("first")));
    log.line("second");
    Awaitility.await().until(() -> written().equals(List.of("first", "second")));
    log.close();
    assertThat(out.toString(UTF_8)).isEqualTo("first\nsecond\n");
  }

  @Test
  void aLineStaysOneLineWhateverAPeerPutsIntoIt() {
    LogWriter log = new LogWriter(out, text -> text);
    log.line("one\ntwo\r\nthree\u001b[31m\u0004");
    log.line("\u0004");
    log.close();
    assertThat(written()).containsExactly("one two  three [31m ", " ");
  }

  @Test
  void aSlowReaderLosesLinesAndIsToldHowMany() {
    CountDownLatch read = new CountDownLatch(1);
    OutputStream slow =
        new OutputStream() {
          @Override
          public void write(int b) {
            throw new AssertionError("byte by byte");
          }

          @Override
          public void write(byte[] bytes, int from, int length) throws IOException {
            await(read);
            out.write(bytes, from, length);
          }
        };
    LogWriter log = new LogWriter(slow, text -> "{" + text + "}");
    long start = System.nanoTime();
    for (int i = 0; i < 50_000; i++) {
      log.line("line");
    }
    assertThat(TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start)).isLessThan(10);
    read.countDown();
    log.close();
    long kept = written().stream().filter("line"::equals).count();
    assertThat(kept).isLessThan(50_000);
    Pattern notice = Pattern.compile("\\{log: (\\d+) lines dropped, the reader .* too slow}");
    long dropped =
        written().stream()
            .map(notice::matcher)
            .filter(Matcher::matches)
            .mapToLong(match -> Long.parseLong(match.group(1)))
            .sum();
    assertThat(kept + dropped).isEqualTo(50_000);
  }

  @Test
  void aReaderThatIsGoneStopsNobody() {
    OutputStream gone =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            throw new IOException("Broken pipe");
          }
        };
    LogWriter log = new LogWriter(gone, text -> text);
    for (int i = 0; i < 50_000; i++) {
      log.line("line");
    }
    log.close();
  }

  private List<String> written() {
    return out.toString(UTF_8).lines().toList();
  }

  private static void await(CountDownLatch latch) throws IOException {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }
}
