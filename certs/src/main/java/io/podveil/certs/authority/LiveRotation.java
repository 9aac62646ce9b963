package io.podveil.certs.authority;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.podveil.certs.signer.LocalSigner;
import io.podveil.certs.signer.SignerException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Takes a rotation's steps on a live installation: reads the Secret, decides, writes it. */
public record LiveRotation(
    KubernetesClient client,
    String namespace,
    String trustDomain,
    Duration life,
    InstantSource clock) {

  /**
   * Takes a step.
   *
   * @return what was done, and what comes next
   * @throws SignerException if it would break something, with the reason
   */
  public String take(Rotation.Step step) {
    Secret secret = client.secrets().inNamespace(namespace).withName(AuthoritySecret.NAME).get();
    if (secret == null) {
      throw new SignerException(
          "there is no Secret %s/%s; has the server ever run?"
              .formatted(namespace, AuthoritySecret.NAME));
    }
    AuthorityState state = AuthoritySecret.read(secret, trustDomain, clock);
    LocalSigner fresh = LocalSigner.create(trustDomain, clock);
    return switch (Rotation.take(step, state, fresh, behind(state), life, clock.instant())) {
      case Rotation.Outcome.Refuse(String why) -> throw new SignerException(why);
      case Rotation.Outcome.Proceed(AuthorityState next, String done) -> {
        Secret changed =
            new SecretBuilder(secret).withData(AuthoritySecret.encoded(next.data())).build();
        // Whoever changed it since it was read wins; this then fails and can be tried again.
        var _ =
            client
                .resource(changed)
                .lockResourceVersion(secret.getMetadata().getResourceVersion())
                .update();
        yield done;
      }
    };
  }

  /** Namespaces that were not told of all roots yet: labelled ones, and those told before. */
  private List<String> behind(AuthorityState state) {
    String roots = state.authorities().roots().pem();
    Map<String, String> told =
        client
            .configMaps()
            .inAnyNamespace()
            .withField("metadata.name", TrustConfigMaps.NAME)
            .list()
            .getItems()
            .stream()
            .collect(Collectors.toMap(map -> map.getMetadata().getNamespace(), LiveRotation::told));
    Stream<String> labelled =
        client
            .namespaces()
            .withLabel(TrustConfigMaps.LABEL, TrustConfigMaps.ENABLED)
            .list()
            .getItems()
            .stream()
            .map(found -> found.getMetadata().getName());
    return Stream.concat(labelled, told.keySet().stream())
        .distinct()
        .filter(name -> !roots.equals(told.get(name)))
        .sorted()
        .toList();
  }

  private static String told(ConfigMap map) {
    return map.getData() == null ? "" : map.getData().getOrDefault(TrustConfigMaps.KEY, "");
  }
}
