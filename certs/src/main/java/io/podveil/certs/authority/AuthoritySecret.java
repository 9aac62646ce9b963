package io.podveil.certs.authority;

import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import io.podveil.certs.signer.Authorities;
import io.podveil.certs.signer.LocalSigner;
import io.podveil.certs.signer.SignerException;
import java.net.HttpURLConnection;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.Base64;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;

/**
 * The authority as the Secret has it. A change is in force at once; one that cannot be used is
 * refused and the last good one stays; a Secret that is deleted is written again.
 */
public final class AuthoritySecret implements AutoCloseable {
  /** The Secret's name. */
  public static final String NAME = "podveil-ca";

  private static final System.Logger LOG = System.getLogger("authority");

  private final KubernetesClient client;
  private final String namespace;
  private final String name;
  private final String trustDomain;
  private final InstantSource clock;
  private final AtomicReference<InForce> inForce;
  private final SharedIndexInformer<Secret> informer;

  private record InForce(AuthorityState state, Authorities authorities) {
    InForce(AuthorityState state) {
      this(state, state.authorities());
    }
  }

  /**
   * Reads the Secret, or makes it if there is none, and follows it from then on. Blocks.
   *
   * @throws SignerException if there is one that cannot be used, with the reason
   */
  public AuthoritySecret(
      KubernetesClient client,
      String namespace,
      String name,
      String trustDomain,
      InstantSource clock) {
    this.client = client;
    this.namespace = namespace;
    this.name = name;
    this.trustDomain = trustDomain;
    this.clock = clock;
    this.inForce = new AtomicReference<>(new InForce(readOrCreate()));
    this.informer = resource().runnableInformer(0);
    // Never give up: whoever no longer follows the Secret would sign with a root that was rotated
    // away.
    informer.exceptionHandler((_, _) -> true);
    informer.addEventHandler(new Follower());
    var _ = informer.start();
  }

  /** What is in force now. */
  public Authorities get() {
    return inForce.get().authorities();
  }

  @Override
  public void close() {
    informer.close();
  }

  /** Reads the state out of a Secret. */
  static AuthorityState read(Secret secret, String trustDomain, InstantSource clock) {
    String where =
        "Secret " + secret.getMetadata().getNamespace() + "/" + secret.getMetadata().getName();
    try {
      AuthorityState state = AuthorityState.read(decoded(secret), clock);
      String own = state.signing().trustDomain().orElse(trustDomain);
      if (!own.equals(trustDomain)) {
        throw new SignerException(
            "its trust domain is %s, and this server's is %s; one of them is wrong"
                .formatted(own, trustDomain));
      }
      return state;
    } catch (SignerException e) {
      throw new SignerException("%s cannot be used: %s".formatted(where, e.getMessage()), e);
    }
  }

  private AuthorityState readOrCreate() {
    Secret found = resource().get();
    if (found == null) {
      var fresh =
          new AuthorityState(
              LocalSigner.create(trustDomain, clock), new AuthorityState.Stage.Settled());
      if (create(fresh)) {
        LOG.log(
            System.Logger.Level.INFO, "made a new authority in Secret {0}/{1}", namespace, name);
        return fresh;
      }
      // Another replica was quicker; its authority is everybody's.
      found = Objects.requireNonNull(resource().get(), "a Secret that exists can be read");
    }
    return read(found, trustDomain, clock);
  }

  /** Whether it was made; false if there is one already. */
  private boolean create(AuthorityState state) {
    Secret secret =
        new SecretBuilder()
            .withNewMetadata()
            .withNamespace(namespace)
            .withName(name)
            .endMetadata()
            .withType("kubernetes.io/tls")
            .withData(encoded(state.data()))
            .build();
    try {
      client.secrets().resource(secret).create();
      return true;
    } catch (KubernetesClientException e) {
      if (e.getCode() == HttpURLConnection.HTTP_CONFLICT) {
        return false;
      }
      throw e;
    }
  }

  private Resource<Secret> resource() {
    return client.secrets().inNamespace(namespace).withName(name);
  }

  static Map<String, String> encoded(Map<String, String> data) {
    return data.entrySet().stream()
        .collect(
            Collectors.toMap(
                Map.Entry::getKey,
                entry ->
                    Base64.getEncoder()
                        .encodeToString(entry.getValue().getBytes(StandardCharsets.US_ASCII))));
  }

  private static Map<String, String> decoded(Secret secret) {
    Map<String, String> data = Objects.requireNonNullElse(secret.getData(), Map.of());
    return data.entrySet().stream()
        .collect(Collectors.toMap(Map.Entry::getKey, entry -> decoded(entry.getValue())));
  }

  private static String decoded(String base64) {
    return new String(Base64.getMimeDecoder().decode(base64), StandardCharsets.ISO_8859_1);
  }

  /** Takes up what others do to the Secret. */
  private final class Follower implements ResourceEventHandler<Secret> {
    @Override
    public void onAdd(Secret secret) {
      take(secret);
    }

    @Override
    public void onUpdate(Secret before, Secret now) {
      take(now);
    }

    @Override
    public void onDelete(Secret secret, boolean finalStateUnknown) {
      // Without it the next replica to start would make a new root, and no two pods could talk.
      try {
        boolean written = create(inForce.get().state());
        LOG.log(
            System.Logger.Level.WARNING,
            "Secret {0}/{1} was deleted; {2}",
            namespace,
            name,
            written ? "written again from memory" : "another replica wrote it again");
      } catch (KubernetesClientException e) {
        LOG.log(
            System.Logger.Level.ERROR,
            "Secret {0}/{1} was deleted and cannot be written again: {2}",
            namespace,
            name,
            e.getMessage());
      }
    }

    private void take(Secret secret) {
      try {
        AuthorityState state = read(secret, trustDomain, clock);
        if (!state.data().equals(inForce.get().state().data())) {
          inForce.set(new InForce(state));
          LOG.log(System.Logger.Level.INFO, "took up the changed Secret {0}/{1}", namespace, name);
        }
      } catch (SignerException e) {
        LOG.log(System.Logger.Level.ERROR, "{0}; the last good one stays", e.getMessage());
      }
    }
  }
}
