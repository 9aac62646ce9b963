package io.podveil.injector.webhook;

import io.podveil.injector.injection.Decision;
import io.podveil.injector.injection.Judge;
import io.podveil.injector.injection.Mode;
import io.podveil.injector.webhook.AdmissionReview.UnreadableException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;

/** From a review's bytes to the answer's, with one line in the log and one in the metrics. */
public final class Reviewer {
  private static final Logger LOG = System.getLogger(Reviewer.class.getName());

  private final Judge judge;
  private final Metrics metrics;

  public Reviewer(Judge judge, Metrics metrics) {
    this.judge = judge;
    this.metrics = metrics;
  }

  byte[] review(byte[] body, Mode mode) throws UnreadableException {
    long started = System.nanoTime();
    AdmissionReview review = AdmissionReview.read(body);
    Decision decision = judge.decide(review.pod(), review.namespace(), mode);
    byte[] answer = review.answer(decision);
    Duration took = Duration.ofNanos(System.nanoTime() - started);
    note(review, decision, took);
    return answer;
  }

  private void note(AdmissionReview review, Decision decision, Duration took) {
    String pod = review.podName() + (review.rehearsal() ? " (dry run)" : "");
    switch (decision) {
      case Decision.Inject inject -> {
        metrics.reviewed("inject", "", took);
        LOG.log(
            Level.INFO,
            "inject  {0}, {1} checks led through the sidecar",
            pod,
            inject.rewrittenProbes());
      }
      case Decision.Skip skip -> {
        metrics.reviewed("skip", skip.reason().word(), took);
        LOG.log(Level.INFO, "skip    {0}: {1}", pod, skip.reason().text());
      }
      case Decision.Deny deny -> {
        metrics.reviewed("deny", deny.cause().word(), took);
        LOG.log(Level.INFO, "deny    {0}: {1}", pod, deny.message());
      }
    }
  }
}
