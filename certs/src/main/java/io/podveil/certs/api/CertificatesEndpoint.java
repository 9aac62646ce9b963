package io.podveil.certs.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.podveil.certs.issue.Issuance;
import io.podveil.certs.issue.Issuance.Outcome;
import io.podveil.certs.issue.Refusal;
import io.podveil.certs.issue.ServingCredential;
import io.podveil.certs.kube.PodReference;
import io.podveil.certs.kube.TokenReviews.Verdict;
import io.podveil.certs.signer.IssuedCertificate;
import io.podveil.certs.signer.SpiffeId;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;

/** {@code POST /v1/certificates}: a certificate for the pod that a token was made for. */
public final class CertificatesEndpoint implements Endpoint {
  private static final System.Logger LOG = System.getLogger("certificates");

  private final Issuance issuance;
  // By address before the token is looked at, as looking at it is work for the API server; by pod
  // afterwards, as a certificate is work for the signer.
  private final RateLimit perAddress;
  private final RateLimit perPod;

  public CertificatesEndpoint(Issuance issuance, InstantSource clock) {
    this.issuance = issuance;
    this.perAddress = new RateLimit(30, Duration.ofSeconds(1), clock);
    this.perPod = new RateLimit(10, Duration.ofSeconds(6), clock);
  }

  @Override
  public String path() {
    return "/v1/certificates";
  }

  @Override
  public int maxBody() {
    return 32 * 1024;
  }

  @Override
  public Reply answer(Call call) {
    if (call.bearer().isEmpty()) {
      return Problem.TOKEN_MISSING.reply(
          "send the pod's projected token as 'Authorization: Bearer …'");
    }
    Optional<String> csr = Json.read(call.body()).flatMap(CertificatesEndpoint::csr);
    if (csr.isEmpty()) {
      return Problem.REQUEST_UNREADABLE.reply("send {\"csr\": \"<PKCS#10 in PEM>\"}");
    }
    Duration wait = perAddress.take(call.from().getHostAddress());
    if (wait.isPositive()) {
      return Problem.TOO_MANY_REQUESTS.reply("too many requests from this address", wait);
    }
    return switch (issuance.caller(call.bearer().get())) {
      case Verdict.Accepted(PodReference pod) -> issue(pod, csr.get());
      case Verdict.Rejected(String why) ->
          refuse(call.from().getHostAddress(), Problem.TOKEN_INVALID, why);
      case Verdict.Unavailable(String why) ->
          refuse(call.from().getHostAddress(), Problem.KUBERNETES_UNAVAILABLE, why);
    };
  }

  private Reply issue(PodReference pod, String csr) {
    Duration wait = perPod.take(pod.uid());
    if (wait.isPositive()) {
      return Problem.TOO_MANY_REQUESTS.reply("too many certificates for pod " + pod, wait);
    }
    return switch (issuance.issue(pod, csr)) {
      case Outcome.Issued(PodReference to, SpiffeId id, IssuedCertificate certificate) ->
          issued(to, id, certificate);
      case Outcome.Refused(String who, Refusal why, String detail) ->
          refuse(who, problem(why), detail);
    };
  }

  private static Reply issued(PodReference pod, SpiffeId id, IssuedCertificate certificate) {
    LOG.log(
        System.Logger.Level.INFO,
        "issued {0} to pod {1} until {2}, serial {3}",
        id.path().substring(1),
        pod,
        certificate.notAfter(),
        certificate.leaf().getSerialNumber().toString(16));
    return Reply.ok(
        Json.object()
            .put("chain", certificate.chainPem())
            .put("roots", certificate.rootsPem())
            .put("renewAfter", ServingCredential.renewAfter(certificate).toString()));
  }

  private static Reply refuse(String who, Problem problem, String detail) {
    LOG.log(System.Logger.Level.WARNING, "refused {0}: {1} ({2})", who, detail, problem.slug());
    return problem.reply(detail);
  }

  private static Optional<String> csr(ObjectNode body) {
    return Optional.ofNullable(body.get("csr"))
        .filter(node -> node.isTextual())
        .map(node -> node.textValue());
  }

  private static Problem problem(Refusal refusal) {
    return switch (refusal) {
      case POD_GONE -> Problem.POD_GONE;
      case IDENTITY_NOT_YOURS -> Problem.IDENTITY_NOT_YOURS;
      case ADDRESS_NOT_YOURS -> Problem.ADDRESS_NOT_YOURS;
      case CSR_UNREADABLE -> Problem.CSR_UNREADABLE;
      case CSR_KEY -> Problem.CSR_KEY;
      case CSR_IDENTITY -> Problem.CSR_IDENTITY;
      case CSR_EXTRAS -> Problem.CSR_EXTRAS;
      case SIGNER_REFUSED -> Problem.SIGNER_REFUSED;
      case SIGNER_UNAVAILABLE -> Problem.SIGNER_UNAVAILABLE;
      case KUBERNETES_UNAVAILABLE -> Problem.KUBERNETES_UNAVAILABLE;
    };
  }
}
