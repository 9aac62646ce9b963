package io.podveil.certs.issue;

import io.podveil.certs.kube.PodFacts;
import io.podveil.certs.kube.PodLookup;
import io.podveil.certs.kube.PodLookup.Finding;
import io.podveil.certs.kube.PodReference;
import io.podveil.certs.kube.TokenReviews;
import io.podveil.certs.kube.TokenReviews.Verdict;
import io.podveil.certs.signer.IssuedCertificate;
import io.podveil.certs.signer.SigningRequest;
import io.podveil.certs.signer.SigningRequest.Reading;
import io.podveil.certs.signer.SpiffeId;

/** The way of one request: whose token, which pod, may it, sign. Stateless; blocks. */
public final class Issuance {
  private final TokenReviews tokens;
  private final PodLookup pods;
  private final IssuePolicy policy;
  private final Signer signer;

  public Issuance(TokenReviews tokens, PodLookup pods, String trustDomain, Signer signer) {
    this.tokens = tokens;
    this.pods = pods;
    this.policy = new IssuePolicy(trustDomain);
    this.signer = signer;
  }

  /** How it ended. */
  public sealed interface Outcome {
    /** With a certificate. */
    record Issued(PodReference pod, SpiffeId id, IssuedCertificate certificate)
        implements Outcome {}

    /**
     * Without.
     *
     * @param who the caller as far as it is known, for the log
     * @param detail for the caller
     */
    record Refused(String who, Refusal why, String detail) implements Outcome {}
  }

  /** Who is calling, for what needs no certificate. */
  public Verdict caller(String token) {
    return tokens.review(token);
  }

  /** Issues a certificate to the pod that was reviewed. */
  public Outcome issue(PodReference pod, String csr) {
    return switch (SigningRequest.read(csr)) {
      case Reading.Unacceptable bad -> refused(pod, refusal(bad), bad.detail());
      case Reading.Acceptable(SigningRequest request) -> issue(pod, request);
    };
  }

  private Outcome issue(PodReference pod, SigningRequest request) {
    return switch (pods.find(pod, request.names().addresses())) {
      case Finding.Gone _ ->
          refused(pod, Refusal.POD_GONE, "pod %s of the token is gone".formatted(pod));
      case Finding.Unavailable(String why) -> refused(pod, Refusal.KUBERNETES_UNAVAILABLE, why);
      case Finding.Found(PodFacts facts) -> decide(pod, facts, request);
    };
  }

  private Outcome decide(PodReference pod, PodFacts facts, SigningRequest request) {
    return switch (policy.decide(facts, request)) {
      case Decision.Deny(Refusal why, String detail) -> refused(pod, why, detail);
      case Decision.Grant grant -> sign(pod, grant);
    };
  }

  private Outcome sign(PodReference pod, Decision.Grant grant) {
    return switch (signer.sign(grant.request(), grant.names())) {
      case Signer.Signing.Signed(IssuedCertificate certificate) ->
          new Outcome.Issued(pod, grant.names().id(), certificate);
      case Signer.Signing.Refused(String why) -> refused(pod, Refusal.SIGNER_REFUSED, why);
      case Signer.Signing.Unavailable(String why) -> refused(pod, Refusal.SIGNER_UNAVAILABLE, why);
    };
  }

  private static Outcome refused(PodReference pod, Refusal why, String detail) {
    return new Outcome.Refused("pod " + pod, why, detail);
  }

  private static Refusal refusal(Reading.Unacceptable bad) {
    return switch (bad.flaw()) {
      case UNREADABLE -> Refusal.CSR_UNREADABLE;
      case KEY -> Refusal.CSR_KEY;
      case IDENTITY -> Refusal.CSR_IDENTITY;
      case EXTRAS -> Refusal.CSR_EXTRAS;
    };
  }
}
