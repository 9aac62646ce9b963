package io.podveil.sidecar;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.podveil.sidecar.testbed.CertsPlayer;
import io.podveil.sidecar.testbed.CertsPlayer.Answer;
import io.podveil.sidecar.testbed.Echo;
import io.podveil.sidecar.testbed.Family;
import io.podveil.sidecar.testbed.Mesh;
import io.podveil.sidecar.testbed.MeshedPod;
import io.podveil.sidecar.testbed.Pod;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Certificates from podveil-certs, in pods whose own rules capture all that leaves them. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class EnrollmentIT {
  private Mesh mesh;
  private CertsPlayer certs;
  private MeshedPod web;

  @BeforeAll
  void lay() throws Exception {
    mesh = Mesh.lay();
    Pod control = mesh.plainPod();
    certs = control.namespace().call(() -> CertsPlayer.start(mesh.authority(), control.v4()));
    web = mesh.pod("web");
  }

  @AfterAll
  void close() {
    certs.close();
    mesh.close();
  }

  @Test
  void waitsShutForItsFirstCertificateAndThenServes() throws Exception {
    certs.answering(question -> Answer.problem(503, "The signer is away", "try later"));
    MeshedPod cart = mesh.enrolling("cart", certs);
    cart.launch();
    await()
        .ignoreExceptions()
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(() ->
            assertThat(cart.get("/readyz"))
                .startsWith("not ready: no certificate yet, so nothing is let in or out: ")
                .contains("The signer is away (503): try later"));
    try (ServerSocket listener = web.namespace().call(() -> new ServerSocket(8000, 5))) {
      assertThatExceptionOfType(IOException.class)
          .isThrownBy(() -> {
            cart.namespace()
                .call(() -> {
                  // Connected in there: an unconnected Socket belongs to no namespace yet.
                  try (Socket client = new Socket()) {
                    client.connect(new InetSocketAddress(web.address(Family.V4), 8000), 1500);
                  }
                  return "connected";
                });
          });

      certs.answering(question -> Answer.ok(certs.issue(question)));
      cart.sidecar().await("serves as spiffe://cluster.local/ns/shop/sa/cart");
      try (Socket client = cart.namespace().call(() -> new Socket(web.address(Family.V4), 8000))) {
        client.getOutputStream().write("hello".getBytes(UTF_8));
        client.shutdownOutput();
        try (Socket accepted = listener.accept()) {
          assertThat(accepted.getInputStream().readAllBytes()).isEqualTo("hello".getBytes(UTF_8));
        }
      }
      web.sidecar().await("ingress .* as ns/shop/sa/web from ns/shop/sa/cart mtls TLSv1.3 5B up");
    }
    assertThat(cart.get("/readyz")).isEqualTo("ready\n");
  }

  /** As the injector has a pod start. */
  @Test
  void whoWaitsForItGoesOnOnceItServesBehindTheRules() throws Exception {
    certs.answering(question -> Answer.problem(503, "The signer is away", "try later"));
    MeshedPod cart = mesh.enrolling("cart", certs);
    cart.launchWithoutCapture();

    assertThatExceptionOfType(IllegalStateException.class)
        .isThrownBy(() -> cart.capture("--await=3s"))
        .withMessageContaining(
            "the rules are in force, but the sidecar is not ready after 3 s: no certificate yet,")
        .withMessageContaining("The signer is away (503): try later")
        .withMessageEndingWith("its own log says more (in a pod: kubectl logs POD -c podveil)");

    certs.answering(question -> Answer.ok(certs.issue(question)));
    assertThat(cart.capture("--await=30s"))
        .containsSubsequence("rules and routes are in force", "the sidecar serves");
    try (Echo _ = Echo.in(web.namespace())) {
      Echo.ask(cart.namespace(), web.address(Family.V6), "hello");
    }
    web.sidecar().await("ingress .* as ns/shop/sa/web from ns/shop/sa/cart mtls TLSv1.3 5B up");
  }

  @Test
  void asksForTheAddressesThatKubernetesKnowsWhateverElseTheInterfacesHave() {
    certs.answering(question -> Answer.ok(certs.issue(question)));
    MeshedPod cart = mesh.enrolling("cart", certs, "--pod-ips=10.77.0.9,fd77::9");
    cart.launch();
    cart.sidecar().await("serves as spiffe://cluster.local/ns/shop/sa/cart");
    JsonObject certificate = new JsonObject(cart.get("/state")).getJsonObject("certificate");
    assertThat(certificate.getJsonArray("addresses"))
        .isEqualTo(new JsonArray().add("10.77.0.9").add("fd77::9"));
  }

  @Test
  void endsAtOnceWhileItWaits() {
    certs.answering(question -> Answer.problem(503, "The signer is away", "try later"));
    MeshedPod cart = mesh.enrolling("cart", certs);
    cart.launch();
    cart.sidecar().await("The signer is away");

    cart.sidecar().signal("TERM");

    assertThat(cart.sidecar().exit()).isZero();
  }
}
