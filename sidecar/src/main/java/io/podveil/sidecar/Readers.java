package io.podveil.sidecar;

import static java.util.stream.Collectors.joining;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** From an option's text to its value; a refusal says what was given and what is allowed. */
final class Readers {
  static final Function<String, Integer> PORT = integer("a port", 1, 65535);

  static final Function<String, Path> FILE = Readers::file;

  static final Function<String, URI> HTTPS_URL = Readers::httpsUrl;

  static final Function<String, String> TRUST_DOMAIN = Readers::trustDomain;

  static final Function<String, Boolean> BOOLEAN = Readers::bool;

  static final Function<String, String> NAME = Readers::name;

  static final Function<String, Set<InetAddress>> ADDRESSES = Readers::addresses;

  // Kubernetes' names and uids, or none.
  private static final Pattern NAMES = Pattern.compile("(?:[A-Za-z0-9][A-Za-z0-9.-]{0,252})?");

  // Nine digits of the largest unit are far from overflowing a long of milliseconds.
  private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ms|s|m|h)");

  private static final Map<String, ChronoUnit> UNITS =
      Map.of(
          "ms", ChronoUnit.MILLIS,
          "s", ChronoUnit.SECONDS,
          "m", ChronoUnit.MINUTES,
          "h", ChronoUnit.HOURS);

  // The SPIFFE ID standard: lower case, at most 255 bytes.
  private static final Pattern DOMAIN = Pattern.compile("[a-z0-9._-]{1,255}");

  private Readers() {}

  static Function<String, Integer> integer(int least, int most) {
    return integer("a whole number in range", least, most);
  }

  static Function<String, Duration> duration(Duration least, Duration most) {
    return text -> {
      Matcher matcher = DURATION.matcher(text);
      if (matcher.matches()) {
        Duration given = Duration.of(Long.parseLong(matcher.group(1)), UNITS.get(matcher.group(2)));
        if (given.compareTo(least) >= 0 && given.compareTo(most) <= 0) {
          return given;
        }
      }
      throw refused(
          text,
          "a time in range",
          "%s to %s, as in 500ms, 30s or 5m".formatted(inWords(least), inWords(most)));
    };
  }

  static <E extends Enum<E>> Function<String, E> oneOf(Class<E> type) {
    return text -> {
      for (E constant : type.getEnumConstants()) {
        if (inWords(constant).equals(text)) {
          return constant;
        }
      }
      throw refused(
          text,
          "a choice",
          Arrays.stream(type.getEnumConstants()).map(Readers::inWords).collect(joining(" and ")));
    };
  }

  private static Function<String, Integer> integer(String what, int least, int most) {
    return text -> {
      if (text.matches("[0-9]{1,9}")) {
        int given = Integer.parseInt(text);
        if (given >= least && given <= most) {
          return given;
        }
      }
      throw refused(text, what, least + " to " + most);
    };
  }

  private static boolean bool(String text) {
    return switch (text) {
      case "true" -> true;
      case "false" -> false;
      default -> throw refused(text, "a choice", "true and false");
    };
  }

  private static Path file(String text) {
    if (!text.isBlank()) {
      try {
        return Path.of(text);
      } catch (InvalidPathException e) {
        // Falls through: whatever the file system objects to, the answer is the same.
      }
    }
    throw refused(text, "a file", "the path of a PEM file");
  }

  private static URI httpsUrl(String text) {
    try {
      URI url = new URI(text);
      String bare = "https://" + url.getAuthority();
      if (url.getHost() != null && url.getUserInfo() == null && text.equals(bare)) {
        return url;
      }
    } catch (URISyntaxException e) {
      // Falls through: what is allowed is the same.
    }
    throw refused(text, "a service's URL", "https://HOST and https://HOST:PORT");
  }

  private static String trustDomain(String text) {
    if (!DOMAIN.matcher(text).matches()) {
      throw refused(
          text,
          "a trust domain",
          "up to 255 lower-case letters, digits, dots, dashes and underscores");
    }
    return text;
  }

  private static String name(String text) {
    if (!NAMES.matcher(text).matches()) {
      throw refused(text, "a name", "up to 253 letters, digits, dots and dashes");
    }
    return text;
  }

  private static Set<InetAddress> addresses(String text) {
    Set<InetAddress> addresses = new LinkedHashSet<>();
    for (String each : text.isBlank() ? new String[0] : text.split(",", -1)) {
      String address = each.strip();
      if (address.contains("%")
          || !(NetUtil.isValidIpV4Address(address) || NetUtil.isValidIpV6Address(address))) {
        throw refused(text, "a list of addresses", "IPv4 and IPv6, as in 10.0.0.1,fd00::1");
      }
      addresses.add(InetAddress.ofLiteral(address));
    }
    return Collections.unmodifiableSet(addresses);
  }

  private static IllegalArgumentException refused(String given, String what, String allowed) {
    return new IllegalArgumentException(
        "\"%s\" is not %s: allowed are %s".formatted(given, what, allowed));
  }

  private static String inWords(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  private static String inWords(Duration time) {
    if (time.toMillisPart() > 0) {
      return time.toMillis() + "ms";
    }
    if (time.toSecondsPart() > 0 || time.isZero()) {
      return time.toSeconds() + "s";
    }
    return time.toMinutesPart() > 0 ? time.toMinutes() + "m" : time.toHours() + "h";
  }
}
