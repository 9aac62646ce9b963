package io.podveil.injector.injection;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What the values of settings look like. Never laxer than the sidecar: what passes here must not
 * stop its start.
 */
final class Values {
  static final String PORTS_ALLOWED =
      "ports from 1 to 65535 and ranges of them, as in 22,8000-8010";
  static final String CPU_ALLOWED = "an amount of CPU such as 50m or 0.5";
  static final String MEMORY_ALLOWED = "an amount of memory such as 64Mi, at least 32Mi";

  private static final int MOST_ENTRIES = 64;
  private static final BigDecimal LEAST_MEMORY = BigDecimal.valueOf(32L << 20);
  private static final Pattern PORTS = Pattern.compile("([1-9][0-9]{0,4})(?:-([1-9][0-9]{0,4}))?");
  private static final String QUAD = "(?:0|[1-9][0-9]{0,2})(?:\\.(?:0|[1-9][0-9]{0,2})){3}";
  private static final Pattern CIDR =
      Pattern.compile(
          "(" + QUAD + "|[0-9a-fA-F:.]{0,45}:[0-9a-fA-F:.]{0,45})(?:/(0|[1-9][0-9]{0,2}))?");
  private static final Pattern QUANTITY =
      Pattern.compile("([0-9]{1,12}(?:\\.[0-9]{1,6})?)([a-zA-Z]{0,2})");
  private static final Map<String, BigDecimal> CPU_UNITS =
      Map.of("", BigDecimal.ONE, "m", BigDecimal.valueOf(0.001));
  private static final Map<String, BigDecimal> MEMORY_UNITS =
      Map.of(
          "", BigDecimal.ONE,
          "k", BigDecimal.valueOf(1_000),
          "M", BigDecimal.valueOf(1_000_000),
          "G", BigDecimal.valueOf(1_000_000_000),
          "Ki", BigDecimal.valueOf(1L << 10),
          "Mi", BigDecimal.valueOf(1L << 20),
          "Gi", BigDecimal.valueOf(1L << 30));

  private Values() {}

  static Function<String, Optional<String>> oneOf(String... words) {
    List<String> allowed = List.of(words);
    return value -> Optional.of(value).filter(allowed::contains);
  }

  static Optional<String> ports(String value) {
    return list(value, Values::isPorts);
  }

  static Optional<String> cidrs(String value) {
    return list(value, Values::isCidr);
  }

  static Optional<String> cpu(String value) {
    return quantity(value, CPU_UNITS).filter(amount -> amount.signum() > 0).map(amount -> value);
  }

  static Optional<String> memory(String value) {
    return quantity(value, MEMORY_UNITS)
        .filter(amount -> amount.compareTo(LEAST_MEMORY) >= 0)
        .map(amount -> value);
  }

  /** Whether one amount, already found to be allowed, is more than the other. */
  static boolean exceeds(String value, String other) {
    return amount(value).compareTo(amount(other)) > 0;
  }

  private static BigDecimal amount(String value) {
    return quantity(value, CPU_UNITS).or(() -> quantity(value, MEMORY_UNITS)).orElseThrow();
  }

  private static Optional<BigDecimal> quantity(String value, Map<String, BigDecimal> units) {
    Matcher matcher = QUANTITY.matcher(value);
    if (!matcher.matches()) {
      return Optional.empty();
    }
    return Optional.ofNullable(units.get(matcher.group(2)))
        .map(unit -> unit.multiply(new BigDecimal(matcher.group(1))));
  }

  private static Optional<String> list(String value, Predicate<String> allowed) {
    List<String> entries = Arrays.stream(value.split(",", -1)).map(String::strip).toList();
    if (entries.size() > MOST_ENTRIES || !entries.stream().allMatch(allowed)) {
      return Optional.empty();
    }
    return Optional.of(entries.stream().distinct().collect(Collectors.joining(",")));
  }

  private static boolean isPorts(String entry) {
    Matcher matcher = PORTS.matcher(entry);
    if (!matcher.matches()) {
      return false;
    }
    int first = Integer.parseInt(matcher.group(1));
    int last = matcher.group(2) == null ? first : Integer.parseInt(matcher.group(2));
    return first <= last && last <= 65_535;
  }

  private static boolean isCidr(String entry) {
    Matcher matcher = CIDR.matcher(entry);
    if (!matcher.matches()) {
      return false;
    }
    try {
      byte[] network = InetAddress.ofLiteral(matcher.group(1)).getAddress();
      int width = network.length * Byte.SIZE;
      int prefix = matcher.group(2) == null ? width : Integer.parseInt(matcher.group(2));
      // An IPv4 address in IPv6 clothes comes out as IPv4, and then a prefix means something else.
      boolean asWritten = (width == 32) == !matcher.group(1).contains(":");
      BigInteger hostPart =
          new BigInteger(1, network).mod(BigInteger.TWO.pow(width - Math.min(prefix, width)));
      return asWritten && prefix <= width && hostPart.signum() == 0;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }
}
