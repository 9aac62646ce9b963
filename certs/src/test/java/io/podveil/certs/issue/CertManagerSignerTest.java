package io.podveil.certs.issue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.fabric8.certmanager.api.model.v1.CertificateRequest;
import io.fabric8.certmanager.api.model.v1.CertificateRequestBuilder;
import io.fabric8.kubernetes.client.dsl.base.CustomResourceDefinitionContext;
import io.podveil.certs.FakeKubernetes;
import io.podveil.certs.issue.Signer.Signing;
import io.podveil.certs.signer.IssuedCertificate;
import io.podveil.certs.signer.LocalSigner;
import io.podveil.certs.signer.Names;
import io.podveil.certs.signer.SigningRequest;
import io.podveil.certs.signer.SigningRequest.Reading;
import io.podveil.certs.signer.SpiffeId;
import io.podveil.certs.signer.TrustRoots;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** An issuer that is played here, and does what issuers do, and what they should not do. */
final class CertManagerSignerTest {
  private static final Duration LIFE = Duration.ofHours(24);
  private static final Names NAMES =
      Names.of(
          SpiffeId.ofServiceAccount("cluster.local", "shop", "cart"),
          List.of(InetAddress.ofLiteral("10.0.0.7")));

  private final FakeKubernetes kubernetes = new FakeKubernetes();
  private final LocalSigner ca = LocalSigner.create("cluster.local", InstantSource.system());
  private final KeyPair keys = LocalSigner.newKeyPair();
  private final SigningRequest request = SigningRequest.create(keys, NAMES);
  private final CertManagerSigner signer = signer(Optional.empty(), Duration.ofSeconds(30));

  @BeforeEach
  void define() {
    kubernetes
        .server()
        .expectCustomResource(
            new CustomResourceDefinitionContext.Builder()
                .withGroup("cert-manager.io")
                .withVersion("v1")
                .withKind("CertificateRequest")
                .withPlural("certificaterequests")
                .withScope("Namespaced")
                .build());
  }

  @AfterEach
  void stop() {
    kubernetes.close();
  }

  @Test
  void handsOnWhatTheIssuerSignsAndCleansUp() {
    play(csr -> issued(ca.sign(csr.key(), csr.names(), LIFE)));
    assertThat(signer.sign(request, NAMES))
        .isInstanceOfSatisfying(
            Signing.Signed.class,
            signed -> {
              assertThat(signed.certificate().leaf().getPublicKey()).isEqualTo(keys.getPublic());
              assertThat(signed.certificate().roots()).isEqualTo(ca.roots());
            });
    assertThat(signer.roots()).isEqualTo(new TrustRoots(ca.roots()));
    assertThat(requests()).isEmpty();
  }

  @Test
  void tellsDeniedFromFailedFromPending() {
    play(_ -> condition("Denied", "True", "policy", "not you"));
    assertThat(signer.sign(request, NAMES))
        .isEqualTo(new Signing.Refused("cert-manager's approver denied the request: not you"));
    play(_ -> condition("Ready", "False", "Failed", "key lost"));
    assertThat(signer.sign(request, NAMES))
        .isEqualTo(new Signing.Unavailable("issuer Issuer/mesh did not sign: key lost"));
    // Nobody plays: an answer that came too late would bring the deleted request back to life here.
    assertThat(signer(Optional.empty(), Duration.ofSeconds(1)).sign(request, NAMES))
        .asString()
        .contains("Unavailable", "did not answer within 1 s");
    assertThat(requests()).isEmpty();
  }

  @Test
  void refusesWhatIsNotWhatWasAskedFor() {
    KeyPair other = LocalSigner.newKeyPair();
    SpiffeId admin = SpiffeId.ofServiceAccount("cluster.local", "kube-system", "admin");
    LocalSigner stranger = LocalSigner.create("cluster.local", InstantSource.system());
    assertRefused("another key", csr -> ca.sign(other.getPublic(), csr.names(), LIFE));
    assertRefused("other names", csr -> ca.sign(csr.key(), Names.of(admin, List.of()), LIFE));
    assertRefused(
        "other names", csr -> ca.sign(csr.key(), Names.of(csr.names().id(), List.of()), LIFE));
    assertRefused("lives until", csr -> ca.sign(csr.key(), csr.names(), Duration.ofDays(90)));
    play(csr ->
        issued(
            new IssuedCertificate(
                stranger.sign(csr.key(), csr.names(), LIFE).chain(), ca.roots())));
    assertThat(signer.sign(request, NAMES)).asString().contains("does not lead to");
  }

  @Test
  void trustsTheRootsThatItWasGivenAndNoOthers() {
    LocalSigner expected = LocalSigner.create("cluster.local", InstantSource.system());
    CertManagerSigner strict =
        signer(Optional.of(new TrustRoots(expected.roots())), Duration.ofSeconds(30));
    play(csr -> issued(ca.sign(csr.key(), csr.names(), LIFE)));
    assertThat(strict.sign(request, NAMES)).asString().contains("does not lead to");
  }

  @Test
  void doesNotAskForLessThanThePodHas() {
    Names more =
        Names.of(
            NAMES.id(),
            List.of(InetAddress.ofLiteral("10.0.0.7"), InetAddress.ofLiteral("fd00::7")));
    assertThat(signer.sign(request, more)).asString().contains("all addresses");
  }

  private void assertRefused(String why, Function<SigningRequest, IssuedCertificate> misbehaviour) {
    play(csr -> issued(misbehaviour.apply(csr)));
    assertThat(signer.sign(request, NAMES)).asString().startsWith("Refused").contains(why);
  }

  private CertManagerSigner signer(Optional<TrustRoots> roots, Duration patience) {
    return new CertManagerSigner(
        kubernetes.client(),
        new CertManagerSigner.Settings(
            "podveil", new IssuerReference("Issuer", "mesh"), LIFE, patience, roots),
        InstantSource.system());
  }

  private List<CertificateRequest> requests() {
    return kubernetes
        .client()
        .resources(CertificateRequest.class)
        .inNamespace("podveil")
        .list()
        .getItems();
  }

  /** Answers the next request so. */
  private void play(Function<SigningRequest, CertificateRequestBuilder> controller) {
    Thread.startVirtualThread(() -> {
      await().until(() -> !requests().isEmpty());
      CertificateRequest made = requests().getFirst();
      String pem =
          new String(
              Base64.getDecoder().decode(made.getSpec().getRequest()), StandardCharsets.US_ASCII);
      if (SigningRequest.read(pem) instanceof Reading.Acceptable(SigningRequest csr)) {
        made.setStatus(controller.apply(csr).buildStatus());
        kubernetes.client().resource(made).updateStatus();
      }
    });
  }

  private static CertificateRequestBuilder issued(IssuedCertificate certificate) {
    return new CertificateRequestBuilder(condition("Ready", "True", "Issued", "done").build())
        .editStatus()
        .withCertificate(base64(certificate.chainPem()))
        .withCa(base64(certificate.rootsPem()))
        .endStatus();
  }

  private static CertificateRequestBuilder condition(
      String type, String status, String reason, String message) {
    return new CertificateRequestBuilder()
        .withNewStatus()
        .addNewCondition()
        .withType(type)
        .withStatus(status)
        .withReason(reason)
        .withMessage(message)
        .endCondition()
        .endStatus();
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.US_ASCII));
  }
}
