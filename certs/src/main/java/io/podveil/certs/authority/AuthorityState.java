package io.podveil.certs.authority;

import io.podveil.certs.signer.Authorities;
import io.podveil.certs.signer.LocalSigner;
import io.podveil.certs.signer.SignerException;
import io.podveil.certs.signer.TrustRoots;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What the Secret says: {@code tls.crt} and {@code tls.key}, as {@code kubectl create secret tls}
 * writes them; while a new root is coming, {@code next.crt} and {@code next.key}; while an old one
 * is going, {@code previous.crt}.
 *
 * @param signing signs now
 * @param stage where a rotation stands
 */
record AuthorityState(LocalSigner signing, Stage stage) {
  private static final String CERTIFICATE = "tls.crt";
  private static final String KEY = "tls.key";
  private static final String NEXT_CERTIFICATE = "next.crt";
  private static final String NEXT_KEY = "next.key";
  private static final String PREVIOUS = "previous.crt";
  private static final String SINCE = "since";

  /** Where a rotation stands. */
  sealed interface Stage {
    /** There is none. */
    record Settled() implements Stage {}

    /** A root that does not sign yet is being made known. */
    record Added(LocalSigner next, Instant since) implements Stage {}

    /** A root that no longer signs is still trusted. */
    record Activated(TrustRoots previous, Instant since) implements Stage {}
  }

  /**
   * Reads the Secret's content.
   *
   * @throws SignerException if it cannot be used, with the reason
   */
  static AuthorityState read(Map<String, String> data, InstantSource clock) {
    return new AuthorityState(
        LocalSigner.load(entry(data, CERTIFICATE), entry(data, KEY), clock), stage(data, clock));
  }

  private static Stage stage(Map<String, String> data, InstantSource clock) {
    if (data.containsKey(NEXT_CERTIFICATE)) {
      LocalSigner next =
          LocalSigner.load(entry(data, NEXT_CERTIFICATE), entry(data, NEXT_KEY), clock);
      return new Stage.Added(next, since(data));
    }
    if (data.containsKey(PREVIOUS)) {
      return new Stage.Activated(TrustRoots.read(PREVIOUS, entry(data, PREVIOUS)), since(data));
    }
    return new Stage.Settled();
  }

  /** The content that {@link #read} reads. */
  Map<String, String> data() {
    Map<String, String> data = new HashMap<>();
    data.put(CERTIFICATE, signing.certificatePem());
    data.put(KEY, signing.keyPem());
    switch (stage) {
      case Stage.Settled() -> {}
      case Stage.Added(LocalSigner next, Instant since) -> {
        data.put(NEXT_CERTIFICATE, next.certificatePem());
        data.put(NEXT_KEY, next.keyPem());
        data.put(SINCE, since.toString());
      }
      case Stage.Activated(TrustRoots previous, Instant since) -> {
        data.put(PREVIOUS, previous.pem());
        data.put(SINCE, since.toString());
      }
    }
    return data;
  }

  Authorities authorities() {
    TrustRoots own = new TrustRoots(signing.roots());
    TrustRoots all =
        switch (stage) {
          case Stage.Settled() -> own;
          case Stage.Added added -> own.and(new TrustRoots(added.next().roots()));
          case Stage.Activated activated -> own.and(activated.previous());
        };
    return new Authorities(signing, all);
  }

  private static String entry(Map<String, String> data, String key) {
    return Optional.ofNullable(data.get(key))
        .orElseThrow(() -> new SignerException("it has no entry '" + key + "'"));
  }

  private static Instant since(Map<String, String> data) {
    try {
      return Instant.parse(entry(data, SINCE));
    } catch (DateTimeException e) {
      throw new SignerException("its entry '" + SINCE + "' is no time", e);
    }
  }
}
