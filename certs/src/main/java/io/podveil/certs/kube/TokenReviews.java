package io.podveil.certs.kube;

import io.fabric8.kubernetes.api.model.authentication.TokenReview;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewBuilder;
import io.fabric8.kubernetes.api.model.authentication.TokenReviewStatus;
import io.fabric8.kubernetes.api.model.authentication.UserInfo;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.InOutCreateable;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Asks the API server whose a token is. */
public final class TokenReviews {
  private static final String USER = "system:serviceaccount:";
  private static final String POD_NAME = "authentication.kubernetes.io/pod-name";
  private static final String POD_UID = "authentication.kubernetes.io/pod-uid";

  private final InOutCreateable<TokenReview, TokenReview> reviews;
  private final String audience;

  /**
   * @param audience what tokens must have been made for; a token for the API server itself, or for
   *     anybody else, is refused
   */
  public TokenReviews(KubernetesClient client, String audience) {
    // Kept: each time the client is asked for it, it looks for a class that isn't there.
    this.reviews = client.tokenReviews();
    this.audience = audience;
  }

  /** What the API server said. */
  public sealed interface Verdict {
    /** The token is that pod's. */
    record Accepted(PodReference pod) implements Verdict {}

    /** The token is nobody's, or not a pod's. */
    record Rejected(String why) implements Verdict {}

    /** Nobody answered. */
    record Unavailable(String why) implements Verdict {}
  }

  /** Reviews a token. Blocks. */
  public Verdict review(String token) {
    TokenReview question =
        new TokenReviewBuilder()
            .withNewSpec()
            .withToken(token)
            .withAudiences(audience)
            .endSpec()
            .build();
    try {
      TokenReview answer = reviews.create(question);
      TokenReviewStatus status = answer == null ? null : answer.getStatus();
      return status == null
          ? new Verdict.Unavailable("the API server did not review the token")
          : verdict(status);
    } catch (KubernetesClientException e) {
      return new Verdict.Unavailable("the API server did not review the token: " + reason(e));
    }
  }

  private Verdict verdict(TokenReviewStatus status) {
    if (!Boolean.TRUE.equals(status.getAuthenticated())) {
      return new Verdict.Rejected(
          "the API server does not accept the token; it may be expired, made for another audience"
              + " than '"
              + audience
              + "', or its pod is gone");
    }
    // An API server that knows no audiences would leave them out and accept any token.
    if (status.getAudiences() == null || !status.getAudiences().contains(audience)) {
      return new Verdict.Rejected("the token is not made for audience '" + audience + "'");
    }
    return owner(status.getUser());
  }

  private static Verdict owner(@Nullable UserInfo user) {
    String name = user == null ? "" : String.valueOf(user.getUsername());
    String[] account =
        name.startsWith(USER) ? name.substring(USER.length()).split(":", -1) : new String[0];
    if (user == null || account.length != 2) {
      return new Verdict.Rejected("the token is not a service account's");
    }
    String podName = extra(user.getExtra(), POD_NAME);
    String podUid = extra(user.getExtra(), POD_UID);
    if (podName.isEmpty() || podUid.isEmpty()) {
      return new Verdict.Rejected("the token is not bound to a pod; use a projected token volume");
    }
    return new Verdict.Accepted(new PodReference(account[0], account[1], podName, podUid));
  }

  private static String extra(@Nullable Map<String, List<String>> extra, String key) {
    List<String> values = extra == null ? null : extra.get(key);
    return values == null || values.size() != 1 ? "" : values.getFirst();
  }

  private static String reason(KubernetesClientException problem) {
    // Its message may quote the request, and the request is the token.
    return problem.getCode() > 0 ? "status " + problem.getCode() : "no answer";
  }
}
