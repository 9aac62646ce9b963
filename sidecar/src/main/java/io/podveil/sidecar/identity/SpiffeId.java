package io.podveil.sidecar.identity;

/**
 * A SPIFFE id: {@code spiffe://<trust domain>/<path>}, as strict as the SPIFFE-ID specification.
 * What it calls invalid is refused rather than normalised, so two ids are the same exactly when
 * their texts are.
 *
 * @param trustDomain lower-case letters, digits, dots, hyphens and underscores
 * @param path empty for the trust domain's own id, else starting with a slash
 */
public record SpiffeId(String trustDomain, String path) {

  private static final String SCHEME = "spiffe://";
  private static final int MAX_LENGTH = 2048;
  private static final int MAX_TRUST_DOMAIN_LENGTH = 255;

  public SpiffeId {
    checkTrustDomain(trustDomain);
    checkPath(path);
    if (SCHEME.length() + trustDomain.length() + path.length() > MAX_LENGTH) {
      throw new IllegalArgumentException("a SPIFFE id is at most " + MAX_LENGTH + " bytes long");
    }
  }

  /**
   * The id that a URI says.
   *
   * @throws IllegalArgumentException if it is not a valid SPIFFE id, with the reason
   */
  public static SpiffeId parse(String uri) {
    if (uri.length() > MAX_LENGTH) {
      throw new IllegalArgumentException("a SPIFFE id is at most " + MAX_LENGTH + " bytes long");
    }
    if (!uri.startsWith(SCHEME)) {
      throw new IllegalArgumentException(Quoted.of(uri) + " does not start with " + SCHEME);
    }
    int slash = uri.indexOf('/', SCHEME.length());
    int end = slash < 0 ? uri.length() : slash;
    return new SpiffeId(uri.substring(SCHEME.length(), end), uri.substring(end));
  }

  /** The name to show people: {@code ns/shop/sa/cart}, or the whole URI where there is no path. */
  public String shortForm() {
    return path.isEmpty() ? toString() : path.substring(1);
  }

  @Override
  public String toString() {
    return SCHEME + trustDomain + path;
  }

  /**
   * Checks a trust domain's name.
   *
   * @throws IllegalArgumentException if it can't be one, with the reason
   */
  public static void checkTrustDomain(String name) {
    if (name.isEmpty() || name.length() > MAX_TRUST_DOMAIN_LENGTH) {
      throw new IllegalArgumentException(
          "a trust domain has 1 to " + MAX_TRUST_DOMAIN_LENGTH + " characters");
    }
    if (!name.chars().allMatch(c -> isCommon(c))) {
      throw new IllegalArgumentException(
          "trust domain "
              + Quoted.of(name)
              + " has a character other than a lower-case letter, digit, dot, hyphen, underscore");
    }
  }

  private static void checkPath(String path) {
    if (path.isEmpty()) {
      return;
    }
    if (path.charAt(0) != '/') {
      throw new IllegalArgumentException("the path of a SPIFFE id starts with a slash");
    }
    for (String segment : path.substring(1).split("/", -1)) {
      if (segment.isEmpty() || segment.equals(".") || segment.equals("..")) {
        throw new IllegalArgumentException(
            "path " + Quoted.of(path) + " has an empty segment, a dot segment or a trailing slash");
      }
      if (!segment.chars().allMatch(c -> isCommon(c) || (c >= 'A' && c <= 'Z'))) {
        throw new IllegalArgumentException(
            "path "
                + Quoted.of(path)
                + " has a character other than a letter, digit, dot, hyphen, underscore");
      }
    }
  }

  private static boolean isCommon(int c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
  }
}
