package io.podveil.sidecar.net;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A set of TCP ports, such as {@code 80,8080-8090}.
 *
 * @param ranges in ascending order, with a gap between any two: equal sets are equal values
 */
public record Ports(List<Range> ranges) {
  /** No port at all. */
  public static final Ports NONE = new Ports(List.of());

  private static final Pattern RANGE = Pattern.compile("(\\d{1,5})(?:\\s*-\\s*(\\d{1,5}))?");

  /** Neighbouring ports, both ends included. */
  public record Range(int first, int last) {
    /** Checks that both ends are ports, in order. */
    public Range {
      if (first < 1 || last > 65535 || first > last) {
        throw refused(first == last ? "" + first : first + "-" + last);
      }
    }

    @Override
    public String toString() {
      return first == last ? Integer.toString(first) : first + "-" + last;
    }
  }

  /** Sorts the ranges and joins those that touch. */
  public Ports {
    ranges = joined(ranges);
  }

  /**
   * Reads ports and ranges with commas between them; nothing at all is {@link #NONE}.
   *
   * @throws IllegalArgumentException saying what was given and what is allowed
   */
  public static Ports parse(String text) {
    return text.isBlank()
        ? NONE
        : new Ports(Arrays.stream(text.split(",", -1)).map(part -> range(part.strip())).toList());
  }

  /** Whether the port is one of these. */
  public boolean contains(int port) {
    for (Range range : ranges) {
      if (range.first <= port && port <= range.last) {
        return true;
      }
    }
    return false;
  }

  /** These ports and one more. */
  public Ports and(int port) {
    return new Ports(Stream.concat(ranges.stream(), Stream.of(new Range(port, port))).toList());
  }

  /** Whether there is no port in it. */
  public boolean isEmpty() {
    return ranges.isEmpty();
  }

  @Override
  public String toString() {
    return ranges.stream().map(Range::toString).collect(Collectors.joining(","));
  }

  private static Range range(String text) {
    Matcher matcher = RANGE.matcher(text);
    if (!matcher.matches()) {
      throw refused(text);
    }
    int first = Integer.parseInt(matcher.group(1));
    return new Range(first, matcher.group(2) == null ? first : Integer.parseInt(matcher.group(2)));
  }

  private static List<Range> joined(List<Range> ranges) {
    List<Range> joined = new ArrayList<>();
    for (Range next : ranges.stream().sorted(Comparator.comparingInt(Range::first)).toList()) {
      if (!joined.isEmpty() && next.first <= joined.getLast().last + 1) {
        Range before = joined.removeLast();
        joined.add(new Range(before.first, Math.max(before.last, next.last)));
      } else {
        joined.add(next);
      }
    }
    return List.copyOf(joined);
  }

  private static IllegalArgumentException refused(String given) {
    return new IllegalArgumentException(
        "\"%s\" is not a port or a range of ports: allowed are 1 to 65535, as in 80,8080-8090"
            .formatted(given));
  }
}
