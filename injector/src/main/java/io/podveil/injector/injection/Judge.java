package io.podveil.injector.injection;

import io.podveil.injector.injection.Decision.Cause;
import io.podveil.injector.injection.Decision.Deny;
import io.podveil.injector.injection.Decision.Reason;
import io.podveil.injector.injection.Decision.Skip;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import tools.jackson.databind.node.ObjectNode;

/**
 * Decides what happens to a pod. Pure but for the secrets: the same pod, namespace and mode give
 * the same decision, and deciding on the patched pod gives {@link Reason#ALREADY_INJECTED}. What
 * was found first wins: reasons to leave a pod alone come before reasons to refuse it, since nobody
 * should have to write settings well that are not used.
 */
public final class Judge {
  private static final String MIRROR = "kubernetes.io/config.mirror";
  private static final String OPT = Setting.DOMAIN + "inject";

  private final Addition addition;
  private final Settings defaults;
  private final Set<String> systemNamespaces;
  private final Supplier<String> secrets;

  /**
   * A judge for one installation.
   *
   * @param addition what is put into pods
   * @param defaults what holds where a pod says nothing
   * @param ownNamespace where this injector runs
   * @param secrets each time another that nobody guesses, fit for a path
   */
  public Judge(
      Addition addition, Settings defaults, String ownNamespace, Supplier<String> secrets) {
    this.addition = addition;
    this.defaults = defaults;
    this.secrets = secrets;
    this.systemNamespaces = Set.of("kube-system", ownNamespace);
  }

  /**
   * Decides on one pod.
   *
   * @param tree the pod as it is in the review, possibly without a name or namespace
   * @param namespace the review's
   * @param mode the default for plaintext from outside
   */
  public Decision decide(ObjectNode tree, String namespace, Mode mode) {
    Pod pod = new Pod(tree);
    Optional<Reason> skipped = reasonToSkip(pod, namespace);
    if (skipped.isPresent()) {
      return new Skip(skipped.get());
    }
    Settings.Reading reading = defaults.with(Setting.INBOUND, mode.word()).read(pod);
    List<String> problems = reading.problems();
    Optional<String> opt = misspeltOpt(pod);
    if (opt.isPresent() || !problems.isEmpty()) {
      return new Deny(Cause.SETTING, opt.orElseGet(() -> String.join("; ", problems)));
    }
    Optional<Deny> conflict = Conflicts.of(pod, addition.volumeNames());
    if (conflict.isPresent()) {
      return conflict.get();
    }
    return Injection.of(
        tree, addition.parts(reading.settings()), rewritesProbes(reading.settings()), secrets);
  }

  private Optional<Reason> reasonToSkip(Pod pod, String namespace) {
    if (systemNamespaces.contains(namespace)) {
      return Optional.of(Reason.SYSTEM_NAMESPACE);
    }
    if (pod.annotations().containsKey(MIRROR)) {
      return Optional.of(Reason.MIRROR_POD);
    }
    if (pod.hostNetwork()) {
      return Optional.of(Reason.HOST_NETWORK);
    }
    if (pod.windows()) {
      return Optional.of(Reason.WINDOWS);
    }
    return "false".equals(pod.labels().get(OPT)) ? Optional.of(Reason.OPTED_OUT) : Optional.empty();
  }

  private static Optional<String> misspeltOpt(Pod pod) {
    return Optional.ofNullable(pod.labels().get(OPT))
        .filter(value -> !value.equals("true"))
        .map(value ->
            "the label %s is \"%s\": allowed are true, false".formatted(OPT, Text.shown(value)));
  }

  private static Injection.Probes rewritesProbes(Settings settings) {
    return settings.value(Setting.REWRITE_PROBES).orElse("true").equals("true")
        ? Injection.Probes.REWRITE
        : Injection.Probes.LEAVE;
  }
}
