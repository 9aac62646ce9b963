package io.podveil.sidecar.admin;

import io.netty.util.NetUtil;
import io.podveil.sidecar.relay.Connection;
import io.podveil.sidecar.relay.Connection.Direction;
import io.podveil.sidecar.relay.Outcome;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Locale;

/** One line for each connection, in a fixed order, for people or for machines. */
public enum ConnectionLog {
  TEXT {
    @Override
    public String line(Connection connection, InstantSource clock) {
      Outcome outcome = connection.outcome().orElseThrow();
      return head(connection) + tail(connection, outcome);
    }

    @Override
    public String message(String text, InstantSource clock) {
      return text;
    }
  },
  JSON {
    @Override
    public String line(Connection connection, InstantSource clock) {
      JsonObject line = new JsonObject().put("time", clock.instant().toString());
      describe(connection).forEach(field -> line.put(field.getKey(), field.getValue()));
      return line.encode();
    }

    @Override
    public String message(String text, InstantSource clock) {
      return new JsonObject().put("time", clock.instant().toString()).put("message", text).encode();
    }
  };

  private static final int KILO = 1000;

  /** The line of a connection that has ended. */
  public abstract String line(Connection connection, InstantSource clock);

  /** Any other line. */
  public abstract String message(String text, InstantSource clock);

  /** For those who want to see the beginning as well. */
  public static String started(Connection connection) {
    return head(connection) + " started";
  }

  /** All that is known of a connection, under the same names in the log and in /state. */
  static JsonObject describe(Connection connection) {
    JsonObject fields =
        new JsonObject()
            .put("direction", connection.direction().name().toLowerCase(Locale.ROOT))
            .put("client", NetUtil.toSocketAddressString(connection.client()))
            .put("destination", NetUtil.toSocketAddressString(connection.destination()))
            .put("self", connection.self())
            .put("peer", connection.peer())
            .put("protocol", connection.protocol())
            .put("up", connection.up())
            .put("down", connection.down())
            .put("milliseconds", connection.lasted().toMillis())
            .put("id", connection.id());
    connection
        .outcome()
        .ifPresent(outcome -> fields.put("outcome", outcome.label()).put("why", why(outcome)));
    return fields;
  }

  private static String head(Connection connection) {
    return (connection.direction() == Direction.EGRESS ? "egress  " : "ingress ")
        + NetUtil.toSocketAddressString(connection.client())
        + " -> "
        + NetUtil.toSocketAddressString(connection.destination());
  }

  private static String tail(Connection connection, Outcome outcome) {
    return switch (outcome) {
      case Outcome.Refused refused -> " refused: " + refused.why() + id(connection);
      case Outcome.Completed completed -> carried(connection);
      case Outcome.Aborted aborted -> carried(connection) + ' ' + why(aborted);
    };
  }

  private static String carried(Connection connection) {
    String identities =
        connection.peer().isEmpty()
            ? ""
            : " as "
                + connection.self()
                + (connection.direction() == Direction.EGRESS ? " to " : " from ")
                + connection.peer();
    return identities
        + ' '
        + connection.protocol()
        + ' '
        + bytes(connection.up())
        + " up "
        + bytes(connection.down())
        + " down "
        + time(connection.lasted())
        + id(connection);
  }

  private static String id(Connection connection) {
    return connection.id().isEmpty() ? "" : " id=" + connection.id();
  }

  private static String why(Outcome outcome) {
    return switch (outcome) {
      case Outcome.Completed completed -> "";
      case Outcome.Aborted(Outcome.Party by, String how) ->
          "cut off by " + by.name().toLowerCase(Locale.ROOT) + ": " + how;
      case Outcome.Refused(String reason, String why) -> why;
    };
  }

  static String bytes(long count) {
    if (count < KILO) {
      return count + "B";
    }
    String units = "kMGTPE";
    double value = (double) count / KILO;
    int unit = 0;
    // What would be rounded to 1000 is one of the next unit.
    while (value >= KILO - 0.5 && unit < units.length() - 1) {
      value /= KILO;
      unit++;
    }
    // Not by a Formatter: its classes alone take the first connection 8 ms.
    long tenths = Math.round(value * 10);
    String number =
        tenths < 100 ? tenths / 10 + "." + tenths % 10 : Long.toString(Math.round(value));
    return number + units.charAt(unit) + 'B';
  }

  static String time(Duration duration) {
    long millis = duration.toMillis();
    if (millis < 10 * KILO) {
      return millis + "ms";
    }
    long seconds = duration.toSeconds();
    return seconds < 600 ? seconds + "s" : seconds / 60 + "m" + seconds % 60 + "s";
  }
}
