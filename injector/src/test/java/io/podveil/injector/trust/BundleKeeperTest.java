package io.podveil.injector.trust;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.podveil.injector.serving.Credential;
import io.podveil.injector.serving.CredentialInForce;
import io.podveil.injector.serving.SelfMade;
import io.podveil.injector.serving.Tls;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BundleKeeperTest {
  private final SelfMade maker = new SelfMade("podveil-injector.podveil-system.svc");
  private Instant now = Instant.parse("2026-11-21T12:00:00Z");
  @TempDir private Path directory;
  private FakeApiServer server;
  private CredentialInForce inForce;
  private BundleKeeper keeper;

  @BeforeEach
  void start() throws IOException {
    server = new FakeApiServer(directory, 3);
    inForce = new CredentialInForce(maker.make(now));
    keeper = keeper(inForce);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void putsItsCertificateIntoTheBundleOfEveryWebhook() throws Exception {
    keeper.step();

    assertThat(server.bundles())
        .hasSize(3)
        .allSatisfy(bundle -> assertThat(bundle.certificates()).containsExactly(leaf()));
  }

  @Test
  void isReadyWhenTheApiServerHasHadAMomentToNotice() throws Exception {
    assertThat(keeper.notReadyBecause())
        .hasValue("the serving certificate is not in the caBundle yet");
    keeper.step();
    assertThat(keeper.notReadyBecause()).isPresent();

    now = now.plus(BundleKeeper.NOTICED);

    assertThat(keeper.notReadyBecause()).isEmpty();
  }

  @Test
  void writesNothingWhenNothingIsMissing() throws Exception {
    keeper.step();
    keeper.step();
    keeper.step();

    assertThat(server.writes()).isEqualTo(1);
  }

  @Test
  void keepsTheCertificatesOfOtherReplicas() throws Exception {
    CredentialInForce others = new CredentialInForce(maker.make(now));
    keeper(others).step();
    keeper.step();

    assertThat(server.bundles())
        .allSatisfy(bundle ->
            assertThat(bundle.certificates())
                .containsExactlyInAnyOrder(leaf(), others.get().leaf()));
  }

  @Test
  void overwritesNothingWhenAnotherReplicaWasQuicker() throws Exception {
    Credential other = maker.make(now);
    server.beforeWrite(
        () -> IntStream.range(0, 3).forEach(i -> server.setBundle(i, pem(other.leaf()))));

    keeper.step();
    assertThat(server.bundles())
        .allSatisfy(bundle -> assertThat(bundle.certificates()).containsExactly(other.leaf()));
    keeper.step();

    assertThat(server.bundles())
        .allSatisfy(bundle ->
            assertThat(bundle.certificates()).containsExactlyInAnyOrder(leaf(), other.leaf()));
  }

  @Test
  void putsItBackAndIsUnreadyMeanwhileWhenSomeoneTookItAway() throws Exception {
    becomeReady();

    server.wipe();
    keeper.step();

    assertThat(server.bundles())
        .allSatisfy(bundle -> assertThat(bundle.certificates()).containsExactly(leaf()));
    assertThat(keeper.notReadyBecause()).isPresent();
    now = now.plus(BundleKeeper.NOTICED);
    assertThat(keeper.notReadyBecause()).isEmpty();
  }

  @Test
  void publishesTheNextCertificateBeforeItIsServed() throws Exception {
    becomeReady();
    X509Certificate old = leaf();

    now = now.plus(Duration.ofHours(17));
    keeper.step();

    assertThat(leaf()).isEqualTo(old);
    assertThat(server.bundles())
        .allSatisfy(bundle -> assertThat(bundle.certificates()).hasSize(2).contains(old));
    assertThat(keeper.notReadyBecause()).isEmpty();

    now = now.plus(BundleKeeper.NOTICED_BY_ALL);
    keeper.step();

    assertThat(leaf()).isNotEqualTo(old);
    assertThat(server.bundles())
        .allSatisfy(bundle -> assertThat(bundle.certificates()).hasSize(2).contains(leaf()));
    assertThat(keeper.notReadyBecause()).isEmpty();
  }

  @Test
  void servesNoNextCertificateThatIsNotPublished() throws Exception {
    becomeReady();
    X509Certificate old = leaf();
    now = now.plus(Duration.ofHours(17));

    server.failWith(500);
    for (int i = 0; i < 5; i++) {
      assertThatThrownBy(keeper::step).isInstanceOf(IOException.class);
      now = now.plus(Duration.ofMinutes(1));
    }
    server.failWith(0);
    keeper.step();

    assertThat(leaf()).isEqualTo(old);
  }

  @Test
  void dropsWhatHasExpiredWhenItWrites() throws Exception {
    Credential stale = maker.make(now.minus(Duration.ofDays(3)));
    server.setBundle(0, pem(stale.leaf()));

    keeper.step();

    assertThat(server.bundles().getFirst().certificates()).containsExactly(leaf());
  }

  @Test
  void replacesABundleThatCannotBeRead() throws Exception {
    server.setBundle(1, "garbage".getBytes(StandardCharsets.US_ASCII));

    keeper.step();

    assertThat(server.bundles().get(1).certificates()).containsExactly(leaf());
  }

  @Test
  void letsNoCrashLoopFillTheBundle() throws Exception {
    for (int i = 0; i < CaBundle.MOST + 10; i++) {
      now = now.plus(Duration.ofMinutes(1));
      keeper(new CredentialInForce(maker.make(now))).step();
    }
    keeper.step();

    assertThat(server.bundles())
        .allSatisfy(
            bundle -> assertThat(bundle.certificates()).hasSize(CaBundle.MOST).contains(leaf()));
  }

  @Test
  void saysWhatIsMissingInTheCluster() {
    server.failWith(404);
    assertThatThrownBy(keeper::step)
        .hasMessage(
            "mutatingwebhookconfiguration/podveil-injector does not exist: was install.yaml applied?");
    server.failWith(403);
    assertThatThrownBy(keeper::step)
        .hasMessageContaining("is the ClusterRole podveil-injector bound to it?");
    assertThat(keeper.notReadyBecause().orElseThrow()).contains("ClusterRole podveil-injector");
  }

  @Test
  void staysReadyWhenTheApiServerGoesAway() throws Exception {
    becomeReady();
    server.failWith(503);

    assertThatThrownBy(keeper::step).isInstanceOf(IOException.class);

    assertThat(keeper.notReadyBecause()).isEmpty();
  }

  private void becomeReady() throws Exception {
    keeper.step();
    now = now.plus(BundleKeeper.NOTICED);
    assertThat(keeper.notReadyBecause()).isEmpty();
  }

  private BundleKeeper keeper(CredentialInForce credential) {
    return new BundleKeeper(
        new WebhookConfiguration(server.api(), "podveil-injector"), credential, maker, () -> now);
  }

  private X509Certificate leaf() {
    return inForce.get().leaf();
  }

  private static byte[] pem(X509Certificate... certificates) {
    return String.join("", List.of(certificates).stream().map(Tls::pem).toList())
        .getBytes(StandardCharsets.US_ASCII);
  }
}
