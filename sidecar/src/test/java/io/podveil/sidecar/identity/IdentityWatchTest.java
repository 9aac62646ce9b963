package io.podveil.sidecar.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.podveil.sidecar.testbed.Issued;
import io.podveil.sidecar.testbed.TestAuthority;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdentityWatchTest {

  private final TestAuthority authority = TestAuthority.create();
  private final List<Identity> used = new CopyOnWriteArrayList<>();
  private final List<String> warnings = new CopyOnWriteArrayList<>();

  @TempDir Path directory;

  @Test
  void saysNothingWhileNothingChanges() {
    IdentityWatch watch = watch(write(authority.issue("ns/shop/sa/cart")));

    look(watch, 5);

    assertThat(used).isEmpty();
    assertThat(warnings).isEmpty();
  }

  @Test
  void handsOverANewIdentityOnce() {
    IdentityWatch watch = watch(write(authority.issue("ns/shop/sa/cart")));
    Issued next = authority.issue("ns/shop/sa/cart");

    write(next);
    look(watch, 5);

    assertThat(used).containsExactly(next.identity(authority.roots()));
    assertThat(warnings).isEmpty();
  }

  @Test
  void triesNothingThatDoesNotStandStill() throws IOException {
    IdentityFiles files = write(authority.issue("ns/shop/sa/cart"));
    IdentityWatch watch = watch(files);
    Issued next = authority.issue("ns/shop/sa/cart");

    look(watch, 2);
    Files.writeString(files.certificate(), next.chainPem());
    look(watch, 1);
    assertThat(warnings).as("certificate new, key old").isEmpty();
    Files.writeString(files.key(), next.keyPem());
    look(watch, 1);
    assertThat(used).as("only just complete").isEmpty();
    look(watch, 1);

    assertThat(used).hasSize(1);
    assertThat(warnings).isEmpty();
  }

  @Test
  void refusesAKeyThatDoesNotFitOnceAndKeepsWhatWasThere() throws IOException {
    IdentityFiles files = write(authority.issue("ns/shop/sa/cart"));
    IdentityWatch watch = watch(files);

    Files.writeString(files.key(), authority.issue("ns/shop/sa/cart").keyPem());
    look(watch, 10);

    assertThat(used).isEmpty();
    assertThat(warnings)
        .singleElement()
        .asString()
        .startsWith(files.key() + ": its key is not the one")
        .contains("stays in force");
  }

  @Test
  void refusesEachBadContentOnceAndTakesTheNextGoodOne() throws IOException {
    IdentityFiles files = write(authority.issue("ns/shop/sa/cart"));
    IdentityWatch watch = watch(files);

    Files.writeString(files.roots(), "no PEM at all");
    look(watch, 4);
    Files.delete(files.roots());
    look(watch, 4);
    write(authority.issue("ns/shop/sa/cart"));
    look(watch, 4);

    assertThat(warnings).hasSize(2);
    assertThat(warnings.get(0)).contains("it holds 0 root certificates");
    assertThat(warnings.get(1)).contains("is not there");
    assertThat(used).hasSize(1);
  }

  @Test
  void keepsTryingAfterTheTakerFailed() {
    IdentityFiles files = write(authority.issue("ns/shop/sa/cart"));
    IdentityWatch watch =
        new IdentityWatch(
            files,
            files.load(),
            InstantSource.system(),
            Duration.ofSeconds(1),
            identity -> {
              if (used.isEmpty()) {
                used.add(identity);
                throw new IllegalStateException("first one dropped");
              }
              used.add(identity);
            },
            warnings::add);

    write(authority.issue("ns/shop/sa/cart"));
    look(watch, 3);
    write(authority.issue("ns/shop/sa/cart"));
    look(watch, 3);

    assertThat(warnings).singleElement().asString().contains("first one dropped");
    assertThat(used).hasSize(2);
  }

  @Test
  void anExpiredCertificateNeverReplacesAValidOne() {
    IdentityFiles files = write(authority.issue("ns/shop/sa/cart"));
    IdentityWatch watch = watch(files);

    write(authority.issueBad(TestAuthority.Bad.EXPIRED, "ns/shop/sa/cart"));
    look(watch, 5);

    assertThat(used).isEmpty();
    assertThat(warnings).singleElement().asString().contains("is not valid now");
  }

  @Test
  void aCertificateOfTomorrowIsTakenTomorrow() {
    Instant now = Instant.now();
    Instant[] clock = {now};
    IdentityFiles files = write(authority.issue("ns/shop/sa/cart"));
    IdentityWatch watch =
        new IdentityWatch(
            files, files.load(), () -> clock[0], Duration.ofSeconds(1), used::add, warnings::add);

    Instant tomorrow = now.plus(Duration.ofDays(1));
    write(
        authority
            .leaf()
            .id("ns/shop/sa/cart")
            .valid(tomorrow, tomorrow.plus(Duration.ofDays(1)))
            .issue());
    look(watch, 5);
    assertThat(used).isEmpty();
    clock[0] = tomorrow.plusSeconds(1);
    look(watch, 1);

    assertThat(used).hasSize(1);
    assertThat(warnings).hasSize(1);
  }

  @Test
  void followsAVolumeThatIsSwappedByASymlink() throws IOException {
    Path volume = Files.createDirectory(directory.resolve("volume"));
    authority.issue("ns/shop/sa/cart").write(volume.resolve("..2026_1"), authority.roots());
    Files.createSymbolicLink(volume.resolve("..data"), Path.of("..2026_1"));
    for (String name : List.of("cert.pem", "key.pem", "ca.pem")) {
      Files.createSymbolicLink(volume.resolve(name), Path.of("..data", name));
    }
    IdentityFiles files =
        new IdentityFiles(
            volume.resolve("cert.pem"),
            volume.resolve("key.pem"),
            volume.resolve("ca.pem"),
            TestAuthority.TRUST_DOMAIN);
    Issued next = authority.issue("ns/shop/sa/cart");

    try (IdentityWatch watch =
        files.watch(files.load(), InstantSource.system(), used::add, warnings::add)) {
      assertThat(watch).isNotNull();
      next.write(volume.resolve("..2026_2"), authority.roots());
      Files.createSymbolicLink(volume.resolve("..data_tmp"), Path.of("..2026_2"));
      Files.move(
          volume.resolve("..data_tmp"),
          volume.resolve("..data"),
          StandardCopyOption.ATOMIC_MOVE,
          StandardCopyOption.REPLACE_EXISTING);

      await().atMost(Duration.ofSeconds(10)).until(() -> !used.isEmpty());
    }

    assertThat(used).containsExactly(next.identity(authority.roots()));
    assertThat(warnings).isEmpty();
  }

  private IdentityFiles write(Issued issued) {
    return issued.write(directory, authority.roots());
  }

  private IdentityWatch watch(IdentityFiles files) {
    return new IdentityWatch(
        files,
        files.load(),
        InstantSource.system(),
        Duration.ofSeconds(1),
        used::add,
        warnings::add);
  }

  private static void look(IdentityWatch watch, int times) {
    for (int i = 0; i < times; i++) {
      watch.poll();
    }
  }
}
