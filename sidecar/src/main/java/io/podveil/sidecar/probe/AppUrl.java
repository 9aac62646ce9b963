package io.podveil.sidecar.probe;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.podveil.sidecar.probe.Check.Scheme;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Where a GET goes.
 *
 * @param host an address, in brackets if it is one of IPv6
 * @param target path and query, fit to stand in a request line
 */
record AppUrl(Scheme scheme, String host, int port, String target) {
  private static final String UNRESERVED =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
  // What may stand in a path besides (RFC 3986), and in a query besides that.
  private static final String IN_PATH = UNRESERVED + "!$&'()*+,;=:@/[]";
  private static final String IN_QUERY = IN_PATH + "?{}|^\"<>`\\";
  private static final Pattern AUTHORITY = Pattern.compile("(?:[A-Za-z][A-Za-z0-9+.-]*:)?//[^/?]*");
  private static final HexFormat HEX = HexFormat.of().withUpperCase();

  /** The URL that the kubelet makes of a probe's path. */
  static AppUrl of(Scheme scheme, String host, int port, String path) {
    return new AppUrl(scheme, host, port, target(path));
  }

  /**
   * The path as Go's url package sends it: without a fragment, with whatever is not allowed there
   * in percent signs; an authority in it is overwritten by the pod's.
   */
  static String target(String given) {
    String path = given.replaceFirst("#.*", "");
    path = AUTHORITY.matcher(path).lookingAt() ? AUTHORITY.matcher(path).replaceFirst("") : path;
    int mark = path.indexOf('?');
    String query = mark < 0 ? "" : "?" + escaped(path.substring(mark + 1), IN_QUERY);
    String before = escaped(mark < 0 ? path : path.substring(0, mark), IN_PATH);
    return (before.startsWith("/") ? before : "/" + before) + query;
  }

  private static String escaped(String text, String allowed) {
    StringBuilder escaped = new StringBuilder();
    byte[] bytes = text.getBytes(UTF_8);
    for (int i = 0; i < bytes.length; i++) {
      char c = (char) (bytes[i] & 0xff);
      boolean isEscape =
          c == '%' && i + 2 < bytes.length && isHex(bytes[i + 1]) && isHex(bytes[i + 2]);
      if (isEscape || allowed.indexOf(c) >= 0) {
        escaped.append(c);
      } else {
        escaped.append('%').append(HEX.toHexDigits(bytes[i]));
      }
    }
    return escaped.toString();
  }

  private static boolean isHex(byte c) {
    return HexFormat.isHexDigit(c & 0xff);
  }

  /** Where a redirect leads; empty if that can't be read. */
  Optional<AppUrl> redirectedTo(String location) {
    try {
      // RFC 3986 keeps the path before a query alone, which Java does not.
      String reference =
          location.startsWith("?") ? target.replaceFirst("\\?.*", "") + location : location;
      URI there = new URI(toString()).resolve(new URI(lenient(reference)));
      if (there.getHost() == null) {
        return Optional.empty();
      }
      Optional<Scheme> to = scheme(there.getScheme());
      String path = there.getRawPath() == null ? "" : there.getRawPath();
      String query = there.getRawQuery() == null ? "" : "?" + there.getRawQuery();
      return to.map(
          scheme -> of(scheme, there.getHost(), port(scheme, there.getPort()), path + query));
    } catch (URISyntaxException e) {
      return Optional.empty();
    }
  }

  private static String lenient(String location) {
    return escaped(location, IN_PATH + "?#");
  }

  private static Optional<Scheme> scheme(String word) {
    for (Scheme each : Scheme.values()) {
      if (each.word().equalsIgnoreCase(word)) {
        return Optional.of(each);
      }
    }
    return Optional.empty();
  }

  private static int port(Scheme scheme, int given) {
    if (given > 0) {
      return given;
    }
    return switch (scheme) {
      case HTTP -> 80;
      case HTTPS -> 443;
    };
  }

  /** What stands in the Host header. */
  String authority() {
    return host + ":" + port;
  }

  /** For people: without the path, which may hold what is nobody's business. */
  String origin() {
    return scheme.word() + "://" + authority();
  }

  @Override
  public String toString() {
    return origin() + target;
  }
}
