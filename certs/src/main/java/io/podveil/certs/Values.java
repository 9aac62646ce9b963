package io.podveil.certs;

import io.podveil.certs.authority.Rotation;
import io.podveil.certs.issue.IssuerReference;
import io.podveil.certs.signer.SpiffeId;
import java.net.InetAddress;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** What options accept. Each converter says what was given and what is allowed. */
final class Values {
  private Values() {}

  /** A trust domain as SPIFFE has them. */
  static final class TrustDomain implements ITypeConverter<String> {
    @Override
    public String convert(String value) {
      try {
        return SpiffeId.ofTrustDomain(value).trustDomain();
      } catch (IllegalArgumentException e) {
        throw wrong(value, e.getMessage());
      }
    }
  }

  /** The id of a workload. */
  static final class Identity implements ITypeConverter<SpiffeId> {
    @Override
    public SpiffeId convert(String value) {
      try {
        SpiffeId id = SpiffeId.parse(value);
        if (!id.isTrustDomain()) {
          return id;
        }
      } catch (IllegalArgumentException e) {
        throw wrong(value, e.getMessage());
      }
      throw wrong(value, "it names a trust domain; a workload's id has a path");
    }
  }

  /** An address in digits; nothing is ever looked up. */
  static final class Address implements ITypeConverter<InetAddress> {
    private static final Pattern FOUR_NUMBERS = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");

    @Override
    public InetAddress convert(String value) {
      try {
        // The JDK also reads 10.1 as 10.0.0.1, and a scope that no certificate can hold.
        if (FOUR_NUMBERS.matcher(value).matches()
            || (value.contains(":") && !value.contains("%") && !value.contains("["))) {
          InetAddress address = InetAddress.ofLiteral(value);
          if (!address.isAnyLocalAddress() && !address.isMulticastAddress()) {
            return address;
          }
        }
      } catch (IllegalArgumentException e) {
        throw wrong(value, "expected an IPv4 or IPv6 address");
      }
      throw wrong(value, "expected an IPv4 or IPv6 address that a workload can have");
    }
  }

  /** Whole hours up to a year. */
  static final class Hours implements ITypeConverter<Duration> {
    private static final int YEAR = 8760;

    @Override
    public Duration convert(String value) {
      try {
        int hours = Integer.parseInt(value);
        if (hours >= 1 && hours <= YEAR) {
          return Duration.ofHours(hours);
        }
      } catch (NumberFormatException e) {
        throw wrong(value, "expected a whole number from 1 to " + YEAR);
      }
      throw wrong(value, "expected a whole number from 1 to " + YEAR);
    }
  }

  /** How long a sidecar's certificate lives. */
  static final class Life implements ITypeConverter<Duration> {
    private static final Pattern TEXT = Pattern.compile("(\\d{1,6})([mhd])");
    private static final Duration SHORTEST = Duration.ofMinutes(10);
    private static final Duration LONGEST = Duration.ofDays(7);

    @Override
    public Duration convert(String value) {
      Matcher matcher = TEXT.matcher(value);
      if (matcher.matches()) {
        long number = Long.parseLong(matcher.group(1));
        Duration life =
            switch (matcher.group(2)) {
              case "m" -> Duration.ofMinutes(number);
              case "h" -> Duration.ofHours(number);
              default -> Duration.ofDays(number);
            };
        if (life.compareTo(SHORTEST) >= 0 && life.compareTo(LONGEST) <= 0) {
          return life;
        }
      }
      throw wrong(value, "expected 10m to 7d, such as 90m, 24h or 3d");
    }
  }

  /** An issuer of cert-manager. */
  static final class Issuer implements ITypeConverter<IssuerReference> {
    @Override
    public IssuerReference convert(String value) {
      if (value.matches("(Issuer|ClusterIssuer)/[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")) {
        int slash = value.indexOf('/');
        return new IssuerReference(value.substring(0, slash), value.substring(slash + 1));
      }
      throw wrong(value, "expected Issuer/NAME or ClusterIssuer/NAME");
    }
  }

  /** A step of a rotation. */
  static final class RotationStep implements ITypeConverter<Rotation.Step> {
    @Override
    public Rotation.Step convert(String value) {
      return switch (value) {
        case "add" -> Rotation.Step.ADD;
        case "activate" -> Rotation.Step.ACTIVATE;
        case "remove" -> Rotation.Step.REMOVE;
        default -> throw wrong(value, "expected add, activate or remove");
      };
    }
  }

  /** A port to listen on; 0 means any. */
  static final class Port implements ITypeConverter<Integer> {
    @Override
    public Integer convert(String value) {
      if (value.matches("\\d{1,5}") && Integer.parseInt(value) <= 65535) {
        return Integer.valueOf(value);
      }
      throw wrong(value, "expected a port from 0 to 65535; 0 means any");
    }
  }

  /** A name in Kubernetes. */
  static final class KubernetesName implements ITypeConverter<String> {
    @Override
    public String convert(String value) {
      if (value.matches("[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")) {
        return value;
      }
      throw wrong(value, "expected up to 63 lower-case letters, digits and dashes");
    }
  }

  private static TypeConversionException wrong(String value, @Nullable String allowed) {
    return new TypeConversionException("'%s': %s".formatted(value, allowed));
  }
}
