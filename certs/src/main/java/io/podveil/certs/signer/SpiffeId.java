package io.podveil.certs.signer;

import java.nio.charset.StandardCharsets;

/**
 * A name in the SPIFFE scheme, {@code spiffe://<trust domain><path>}. The path is empty for the
 * trust domain itself, and begins with a slash otherwise.
 *
 * <p>Valid exactly as the SPIFFE-ID specification says: no percent-encoding, no case folding, no
 * normalising. Two ids are the same only if their texts are, so an id can be compared as it stands.
 */
public record SpiffeId(String trustDomain, String path) {
  private static final String SCHEME = "spiffe://";
  private static final int MAX_TRUST_DOMAIN = 255;
  private static final int MAX_LENGTH = 2048;

  public SpiffeId {
    checkTrustDomain(trustDomain);
    checkPath(path);
    if (SCHEME.length() + trustDomain.length() + path.length() > MAX_LENGTH) {
      throw new IllegalArgumentException("a SPIFFE id has at most " + MAX_LENGTH + " bytes");
    }
  }

  /**
   * Reads an id as it stands in a certificate.
   *
   * @throws IllegalArgumentException with the reason, if it is none
   */
  public static SpiffeId parse(String text) {
    // Before anything else looks at it: the text may come from a stranger.
    if (text.getBytes(StandardCharsets.UTF_8).length > MAX_LENGTH) {
      throw new IllegalArgumentException("a SPIFFE id has at most " + MAX_LENGTH + " bytes");
    }
    if (!text.startsWith(SCHEME)) {
      throw new IllegalArgumentException("a SPIFFE id begins with " + SCHEME);
    }
    String rest = text.substring(SCHEME.length());
    int slash = rest.indexOf('/');
    return slash < 0
        ? new SpiffeId(rest, "")
        : new SpiffeId(rest.substring(0, slash), rest.substring(slash));
  }

  /** The id of a trust domain as such, which its signing certificates carry. */
  public static SpiffeId ofTrustDomain(String trustDomain) {
    return new SpiffeId(trustDomain, "");
  }

  /** The id of what runs as a Kubernetes service account. */
  public static SpiffeId ofServiceAccount(
      String trustDomain, String namespace, String serviceAccount) {
    return new SpiffeId(trustDomain, "/ns/" + namespace + "/sa/" + serviceAccount);
  }

  /** Whether this names a trust domain rather than a workload in it. */
  public boolean isTrustDomain() {
    return path.isEmpty();
  }

  /** Whether this is a workload of that trust domain. */
  public boolean isMemberOf(String otherTrustDomain) {
    return !isTrustDomain() && trustDomain.equals(otherTrustDomain);
  }

  @Override
  public String toString() {
    return SCHEME + trustDomain + path;
  }

  private static void checkTrustDomain(String trustDomain) {
    if (trustDomain.isEmpty() || trustDomain.length() > MAX_TRUST_DOMAIN) {
      throw new IllegalArgumentException(
          "a trust domain has 1 to " + MAX_TRUST_DOMAIN + " characters");
    }
    if (!trustDomain.chars().allMatch(SpiffeId::isTrustDomainCharacter)) {
      throw new IllegalArgumentException(
          "a trust domain has only lower-case letters, digits, dots, dashes and underscores");
    }
  }

  private static void checkPath(String path) {
    if (path.isEmpty()) {
      return;
    }
    if (!path.startsWith("/")) {
      throw new IllegalArgumentException("the path of a SPIFFE id begins with a slash");
    }
    for (String segment : path.substring(1).split("/", -1)) {
      checkSegment(segment);
    }
  }

  private static void checkSegment(String segment) {
    if (segment.isEmpty()) {
      throw new IllegalArgumentException(
          "a SPIFFE id has no empty path segment and no slash at its end");
    }
    if (segment.equals(".") || segment.equals("..")) {
      throw new IllegalArgumentException("a SPIFFE id has no path segment '.' or '..'");
    }
    if (!segment.chars().allMatch(SpiffeId::isPathCharacter)) {
      throw new IllegalArgumentException(
          "the path of a SPIFFE id has only letters, digits, dots, dashes and underscores");
    }
  }

  private static boolean isTrustDomainCharacter(int c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
  }

  private static boolean isPathCharacter(int c) {
    return isTrustDomainCharacter(c) || (c >= 'A' && c <= 'Z');
  }
}
