package io.podveil.sidecar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.podveil.sidecar.identity.TrustBundle;
import io.podveil.sidecar.testbed.Echo;
import io.podveil.sidecar.testbed.Family;
import io.podveil.sidecar.testbed.ForeignTls;
import io.podveil.sidecar.testbed.Issued;
import io.podveil.sidecar.testbed.Load;
import io.podveil.sidecar.testbed.Mesh;
import io.podveil.sidecar.testbed.MeshedPod;
import io.podveil.sidecar.testbed.Pod;
import io.podveil.sidecar.testbed.TestAuthority;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** Certificates and roots that are replaced, expire, or can't be used, under traffic. */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class RotationIT {
  private Mesh mesh;
  private TestAuthority a;
  private MeshedPod cart;
  private MeshedPod web;
  private Pod stranger;
  private Echo app;

  @BeforeAll
  void lay() throws Exception {
    mesh = Mesh.lay();
    a = mesh.authority();
    cart = mesh.pod("cart");
    web = mesh.pod("web");
    stranger = mesh.plainPod();
    app = Echo.in(web.namespace());
  }

  @AfterAll
  void close() throws IOException {
    app.close();
    mesh.close();
  }

  @Test
  void rotatesCertificatesAndRootsUnderLoadWithNoConnectionFailed() throws Exception {
    TestAuthority b = TestAuthority.create();
    try (Socket old = Echo.dial(cart.namespace(), web.address(Family.V4))) {
      Echo.converse(old, "before");
      Load load = Load.on(cart.namespace(), web.address(Family.V4), "on the way", 100);
      try (load) {
        rotate(a, a.roots(b));
        rotate(b, a.roots(b));
        rotate(b, b.roots());
        int sofar = load.succeeded();
        await().until(() -> load.succeeded() > Math.max(sofar + 100, 300));
      }
      assertThat(load.failures()).isEmpty();
      Echo.converse(old, "after");
    }
    double before = web.ended("ingress", "refused_unknown_authority");
    ForeignTls late = ForeignTls.showing(a.issue("ns/shop/sa/late", "10.77.0.4"));
    try (SSLSocket refused =
        late.connect(stranger.namespace(), web.address(Family.V4), Echo.PORT)) {
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(() -> refused.getInputStream().read());
    }
    await()
        .untilAsserted(() ->
            assertThat(web.ended("ingress", "refused_unknown_authority")).isEqualTo(before + 1));
    rotate(b, b.roots(a));
    rotate(a, a.roots());
  }

  @Test
  void anUnusableFileIsRefusedAndTheOldOneStays() throws Exception {
    String refused = "podveil_certificate_reloads_refused_total";
    double before = web.metric(refused);
    double expiry = web.metric("podveil_certificate_expiry_timestamp_seconds");
    String good = Files.readString(web.directory().resolve("cert.pem"));
    Files.writeString(web.directory().resolve("cert.pem"), "-----BEGIN CERTIFICATE-----\nno\n");
    assertThat(web.sidecar().await("^/.*cert.pem: "))
        .contains("the identity before stays in force");
    assertThat(web.metric(refused)).isEqualTo(before + 1);
    assertThat(web.metric("podveil_certificate_expiry_timestamp_seconds")).isEqualTo(expiry);
    assertThat(web.get("/readyz")).isEqualTo("ready\n");
    Echo.ask(cart.namespace(), web.address(Family.V6), "as ever");
    Files.writeString(web.directory().resolve("cert.pem"), good);
  }

  @Test
  void anExpiredCertificateMakesUnreadyAndRefusesNewHandshakes() throws Exception {
    Instant end = Instant.now().plusSeconds(12);
    put(
        cart,
        a.leaf()
            .id("ns/shop/sa/cart")
            .addresses("10.77.0.2", "fd77::2")
            .valid(Instant.now().minusSeconds(60), end)
            .issue(),
        a.roots());
    try (Socket old = Echo.dial(cart.namespace(), web.address(Family.V4))) {
      Echo.converse(old, "before");
      await()
          .atMost(Duration.ofSeconds(30))
          .untilAsserted(() ->
              assertThat(cart.get("/readyz"))
                  .startsWith("not ready: the certificate is valid from "));
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(() -> Echo.ask(cart.namespace(), web.address(Family.V4), "too late"));
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(() -> Echo.ask(web.namespace(), cart.address(Family.V4), "too late"));
      String said = " refused: our own certificate is valid from .*; is its renewal stuck";
      cart.sidecar().await("egress .*" + said);
      cart.sidecar().await("ingress .*" + said);
      assertThat(cart.ended("egress", "refused_own_certificate")).isEqualTo(1);
      assertThat(cart.ended("ingress", "refused_own_certificate")).isEqualTo(1);
      Echo.converse(old, "live connections go on");
    }
    put(cart, a.issue("ns/shop/sa/cart", "10.77.0.2", "fd77::2"), a.roots());
    await().untilAsserted(() -> assertThat(cart.get("/readyz")).isEqualTo("ready\n"));
    Echo.ask(cart.namespace(), web.address(Family.V4), "and again");
  }

  private void rotate(TestAuthority issuer, TrustBundle roots) {
    Issued forCart = issuer.issue("ns/shop/sa/cart", "10.77.0.2", "fd77::2");
    Issued forWeb = issuer.issue("ns/shop/sa/web", "10.77.0.3", "fd77::3");
    long cartBefore = renewals(cart);
    long webBefore = renewals(web);
    cart.write(forCart, roots);
    web.write(forWeb, roots);
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> renewals(cart) > cartBefore && renewals(web) > webBefore);
  }

  private static void put(MeshedPod pod, Issued issued, TrustBundle roots) {
    long before = renewals(pod);
    pod.write(issued, roots);
    await().atMost(Duration.ofSeconds(20)).until(() -> renewals(pod) > before);
  }

  /** How often the log said that a new certificate is in force. */
  private static long renewals(MeshedPod pod) {
    return pod.sidecar().lines().stream()
        .filter(line -> line.startsWith("certificate of ") && line.contains(" in force for new"))
        .count();
  }
}
