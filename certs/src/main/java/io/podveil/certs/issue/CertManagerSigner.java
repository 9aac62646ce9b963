package io.podveil.certs.issue;

import io.fabric8.certmanager.api.model.v1.CertificateRequest;
import io.fabric8.certmanager.api.model.v1.CertificateRequestBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.KubernetesClientTimeoutException;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.podveil.certs.signer.Names;
import io.podveil.certs.signer.SigningRequest;
import io.podveil.certs.signer.TrustRoots;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;

/**
 * An Issuer or ClusterIssuer of cert-manager signs: each request becomes a CertificateRequest that
 * is waited for, and deleted whatever came of it.
 */
public final class CertManagerSigner implements Signer {
  private static final System.Logger LOG = System.getLogger("cert-manager");

  private final KubernetesClient client;
  private final Settings settings;
  private final InstantSource clock;
  private final AtomicReference<TrustRoots> learned =
      new AtomicReference<>(new TrustRoots(List.of()));

  /**
   * Whom to ask, and how.
   *
   * @param namespace where requests are made
   * @param issuer who signs
   * @param life of a leaf
   * @param patience how long a request is waited for
   * @param roots whom to trust; if absent, what the issuer calls its CA
   */
  public record Settings(
      String namespace,
      IssuerReference issuer,
      Duration life,
      Duration patience,
      Optional<TrustRoots> roots) {}

  public CertManagerSigner(KubernetesClient client, Settings settings, InstantSource clock) {
    this.client = client;
    this.settings = settings;
    this.clock = clock;
  }

  @Override
  public Signing sign(SigningRequest request, Names names) {
    if (!request.names().equals(names)) {
      // It copies what the request says, and cannot add an address to it.
      return new Signing.Refused(
          "cert-manager signs a request as it is; ask for all addresses that the pod has");
    }
    try {
      return sign(client.resource(resource(request)).create(), request);
    } catch (KubernetesClientException e) {
      return new Signing.Unavailable("cert-manager was not asked: " + e.getMessage());
    }
  }

  @Override
  public TrustRoots roots() {
    return settings.roots().orElseGet(() -> learned.get().at(clock.instant()));
  }

  private Signing sign(CertificateRequest created, SigningRequest request) {
    Resource<CertificateRequest> resource = client.resource(created);
    try {
      CertificateRequest done =
          resource.waitUntilCondition(
              now -> !(RequestState.of(now) instanceof RequestState.Pending),
              settings.patience().toMillis(),
              TimeUnit.MILLISECONDS);
      return signing(RequestState.of(done), request);
    } catch (KubernetesClientTimeoutException e) {
      return new Signing.Unavailable(
          "cert-manager did not answer within %d s; is issuer %s ready, and who approves requests?"
              .formatted(settings.patience().toSeconds(), settings.issuer()));
    } finally {
      delete(resource);
    }
  }

  private Signing signing(RequestState state, SigningRequest request) {
    return switch (state) {
      case RequestState.Pending(String why) -> new Signing.Unavailable(why);
      case RequestState.Denied(String why) ->
          new Signing.Refused("cert-manager's approver denied the request: " + why);
      case RequestState.Failed(String why) ->
          new Signing.Unavailable("issuer %s did not sign: %s".formatted(settings.issuer(), why));
      case RequestState.Issued(String chain, Optional<String> ca) -> checked(chain, ca, request);
    };
  }

  private Signing checked(String chain, Optional<String> ca, SigningRequest request) {
    ca.ifPresent(pem ->
        learned.updateAndGet(
            known -> known.and(TrustRoots.read("the issuer's CA", pem)).at(clock.instant())));
    return ReturnedCertificate.check(chain, request, roots(), settings.life(), clock.instant());
  }

  private CertificateRequest resource(SigningRequest request) {
    byte[] pem = request.pem().getBytes(StandardCharsets.US_ASCII);
    return new CertificateRequestBuilder()
        .withNewMetadata()
        .withNamespace(settings.namespace())
        .withGenerateName("podveil-")
        .addToLabels("app.kubernetes.io/managed-by", "podveil-certs")
        .endMetadata()
        .withNewSpec()
        .withRequest(Base64.getEncoder().encodeToString(pem))
        .withDuration(new io.fabric8.kubernetes.api.model.Duration(settings.life()))
        .withIsCA(false)
        .withUsages("digital signature", "server auth", "client auth")
        .withNewIssuerRef()
        .withGroup("cert-manager.io")
        .withKind(settings.issuer().kind())
        .withName(settings.issuer().name())
        .endIssuerRef()
        .endSpec()
        .build();
  }

  private static void delete(Resource<CertificateRequest> resource) {
    try {
      resource.delete();
    } catch (KubernetesClientException e) {
      // The certificate is good all the same; the leftover is labelled for whoever cleans up.
      LOG.log(System.Logger.Level.WARNING, "cannot delete a request: {0}", e.getMessage());
    }
  }
}
