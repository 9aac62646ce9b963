package io.podveil.sidecar.authority;

import static org.assertj.core.api.Assertions.assertThat;

import io.podveil.sidecar.authority.Enrollment.Outcome;
import io.podveil.sidecar.identity.Identity;
import io.podveil.sidecar.testbed.Issued;
import io.podveil.sidecar.testbed.TestAuthority;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One tick after another, with the clock in the test's hand. */
class CertificateRenewalTest {
  private final TestAuthority old = TestAuthority.create();
  private final TestAuthority young = TestAuthority.create();
  private final Deque<Outcome> outcomes = new ArrayDeque<>();
  private final List<Identity> used = new ArrayList<>();
  private final List<String> warnings = new ArrayList<>();
  private Instant now = Instant.now();

  @TempDir Path directory;
  private Path roots;
  private CertificateRenewal renewal;

  @BeforeEach
  void mount() throws IOException {
    roots = Files.writeString(directory.resolve("roots.pem"), Issued.pem(old.roots().roots()));
    renewal = new CertificateRenewal(outcomes::remove, roots, () -> now, () -> 0.0, warnings::add);
  }

  @Test
  void triesUntilThereIsAFirstIdentity() {
    outcomes.add(failed());
    outcomes.add(enrolled(old));

    tick();
    assertThat(used).isEmpty();
    tick();
    assertThat(outcomes).as("not before the pause is over").hasSize(1);
    now = now.plusMillis(250);
    tick();

    assertThat(used).hasSize(1);
    assertThat(warnings).containsExactly("no certificate: it rains; next attempt in 1 s");
  }

  @Test
  void renewsWhenItIsDueAndNotBefore() {
    outcomes.add(enrolled(old));
    tick();

    now = now.plus(Duration.ofMinutes(39));
    tick();
    assertThat(used).hasSize(1);
    outcomes.add(enrolled(old));
    now = now.plus(Duration.ofMinutes(2));
    tick();

    assertThat(used).hasSize(2);
    assertThat(warnings).isEmpty();
  }

  @Test
  void keepsTheOldOneWhileItCannotGetANewOne() {
    outcomes.add(enrolled(old));
    tick();
    now = now.plus(Duration.ofMinutes(41));
    outcomes.add(failed());
    tick();

    assertThat(used).hasSize(1);
    assertThat(warnings)
        .singleElement()
        .asString()
        .startsWith("no certificate: it rains; next attempt in 1 s, the one before stays in force")
        .contains("spiffe://cluster.local/ns/shop/sa/cart until");
  }

  @Test
  void aBugInAnAttemptIsNotTheEnd() {
    tick();
    now = now.plusSeconds(1);
    outcomes.add(enrolled(old));
    tick();

    assertThat(warnings).singleElement().asString().contains("NoSuchElementException");
    assertThat(used).hasSize(1);
  }

  @Test
  void takesNewRootsFromASwappedVolume() throws IOException {
    outcomes.add(enrolled(old));
    tick();

    swap(Issued.pem(old.roots(young).roots()));
    tick();
    tick();

    assertThat(used).hasSize(2);
    assertThat(used.getLast().roots()).isEqualTo(old.roots(young));
    assertThat(used.getLast().credential()).isEqualTo(used.getFirst().credential());
  }

  @Test
  void getsANewCertificateWhereTheRootsNoLongerVouchForTheOldOne() throws IOException {
    outcomes.add(enrolled(old));
    tick();
    outcomes.add(enrolled(young));

    swap(Issued.pem(young.roots().roots()));
    tick();

    assertThat(warnings)
        .singleElement()
        .asString()
        .startsWith(roots + ": our own certificate would be refused")
        .endsWith("; the roots before stay in force");
    assertThat(used).hasSize(2);
    assertThat(used.getLast().roots()).isEqualTo(young.roots());
  }

  @Test
  void refusesUnreadableRootsOnceAndKeepsTheOldOnes() throws IOException {
    outcomes.add(enrolled(old));
    tick();
    outcomes.add(failed());

    swap("no PEM");
    tick();
    tick();

    assertThat(used).hasSize(1);
    assertThat(warnings.getFirst()).contains("it holds 0 root certificates");
    assertThat(warnings).hasSize(2);
  }

  private void tick() {
    renewal.tick(used::add);
  }

  private void swap(String pem) throws IOException {
    Path next = Files.writeString(directory.resolve("next"), pem);
    Files.move(next, roots, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static Outcome failed() {
    return new Outcome.Failed("it rains", Duration.ZERO);
  }

  private Outcome enrolled(TestAuthority authority) {
    Identity identity = authority.issue("ns/shop/sa/cart", "10.0.0.1").identity(authority.roots());
    return new Outcome.Enrolled(identity, now.plus(Duration.ofMinutes(40)));
  }
}
