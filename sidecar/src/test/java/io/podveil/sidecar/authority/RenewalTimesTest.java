package io.podveil.sidecar.authority;

import static org.assertj.core.api.Assertions.assertThat;

import io.podveil.sidecar.identity.Credential;
import io.podveil.sidecar.testbed.TestAuthority;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RenewalTimesTest {
  private static final TestAuthority AUTHORITY = TestAuthority.create();
  private final Instant begin = Instant.now().truncatedTo(ChronoUnit.SECONDS);

  /** A certificate of 24 hours; times in minutes from its begin. */
  @ParameterizedTest
  @CsvSource({
    "  960, 0.0,  960",
    "  960, 0.5,  888",
    "  960, 1.0,  816",
    "  720, 0.0,  720",
    // Wishes that make no sense are not followed.
    "   -5, 0.0,  960",
    " 2000, 0.0,  960",
    " 2000, 1.0,  816",
  })
  void comesBackAtTheWishOrAfterTwoThirdsAndABitEarlier(int wish, double random, int expected) {
    Credential credential =
        AUTHORITY
            .leaf()
            .id("ns/shop/sa/cart")
            .valid(begin, begin.plus(Duration.ofHours(24)))
            .issue()
            .identity(AUTHORITY.roots())
            .credential();

    assertThat(RenewalTimes.renewAt(credential, begin.plus(Duration.ofMinutes(wish)), random))
        .isEqualTo(begin.plus(Duration.ofMinutes(expected)));
  }

  @ParameterizedTest
  @CsvSource({
    // failures, minutes left, asked for, random, milliseconds
    "   1, 480,   0, 0.0,    250",
    "   1, 480,   0, 1.0,    500",
    "   3, 480,   0, 1.0,   2000",
    "   9, 480,   0, 1.0, 128000",
    "  10, 480,   0, 1.0, 150000",
    "1000, 480,   0, 1.0, 150000",
    "1000, 480,   0, 0.0,  75000",
    // Without a certificate, or close to its end, somebody is waiting.
    "1000,   0,   0, 1.0,  10000",
    "1000,   9,   0, 1.0,  10000",
    // What the authority asked for, and not all at the same time.
    "   1, 480,  30, 0.0,  30000",
    "   1,   0,  30, 1.0,  37500",
    // Nobody is sent away for a day.
    "   1, 480, 86400, 0.0, 150000",
    "  10, 480,   1, 1.0, 150000",
  })
  void waitsLongerEachTime(int failures, int left, int asked, double random, long expected) {
    assertThat(
            RenewalTimes.pause(
                failures, Duration.ofMinutes(left), Duration.ofSeconds(asked), random))
        .isEqualTo(Duration.ofMillis(expected));
  }
}
