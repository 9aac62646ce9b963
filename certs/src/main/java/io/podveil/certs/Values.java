package io.podveil.certs;

import io.podveil.certs.signer.SpiffeId;
import java.net.InetAddress;
import java.time.Duration;
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

  private static TypeConversionException wrong(String value, @Nullable String allowed) {
    return new TypeConversionException("'%s': %s".formatted(value, allowed));
  }
}
