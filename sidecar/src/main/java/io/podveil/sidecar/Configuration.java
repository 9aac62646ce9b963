package io.podveil.sidecar;

import io.podveil.sidecar.egress.OutboundMode;
import io.podveil.sidecar.net.Cidr;
import io.podveil.sidecar.net.Ports;
import io.podveil.sidecar.probe.Checks;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Everything that a serving sidecar is told from outside, checked, and fixed for the life of the
 * process. The options behind it, with their defaults, are in {@link Options}.
 *
 * @param permissiveWait how long a permissive listener waits for a client's first byte before it
 *     takes the client for one that lets the server speak first
 * @param outbound what becomes of destinations that are known not to be meshed
 * @param mtlsCidrs the destinations that get mutual TLS; to all others the bytes go as they are
 * @param reuse how many idle connections are kept per destination for the next of the app's
 * @param drain how long live connections may go on after SIGTERM
 * @param checks the kubelet's, which we carry out in its stead
 */
public record Configuration(
    Credentials credentials,
    Interception interception,
    Inbound inbound,
    Duration permissiveWait,
    OutboundMode outbound,
    List<Cidr> mtlsCidrs,
    String trustDomain,
    int reuse,
    Duration drain,
    Limits limits,
    Logging logging,
    PodFacts pod,
    Checks checks) {

  /** Takes a copy of the list. */
  public Configuration {
    mtlsCidrs = List.copyOf(mtlsCidrs);
  }

  static Configuration from(Settings settings) {
    return new Configuration(
        Credentials.from(settings),
        Interception.from(settings),
        settings.get(Options.INBOUND),
        settings.get(Options.PERMISSIVE_WAIT),
        settings.get(Options.OUTBOUND),
        settings.get(Options.MTLS_CIDRS),
        settings.get(Options.TRUST_DOMAIN),
        settings.get(Options.REUSE),
        settings.get(Options.DRAIN),
        Limits.from(settings),
        Logging.from(settings),
        PodFacts.from(settings),
        settings.get(Options.PROBES));
  }

  /** Where the certificate and its key come from. */
  public sealed interface Credentials {
    /** From PEM files, watched while serving. */
    record Files(Path cert, Path key, Path caCert) implements Credentials {}

    /**
     * From podveil-certs: the key is made here, and never leaves.
     *
     * @param token the pod's projected token, which says who we are
     * @param roots the trust roots, watched while serving
     */
    record Service(URI certs, Path token, Path roots) implements Credentials {}

    static Credentials from(Settings settings) {
      List<Option<?>> files = List.of(Options.CERT, Options.KEY, Options.CA_CERT);
      if (settings.has(Options.CERTS_URL)) {
        files.forEach(file -> refuse(settings, file, "goes without", "has no use for files"));
        return new Service(
            settings.get(Options.CERTS_URL),
            settings.get(Options.TOKEN_FILE),
            settings.get(Options.ROOTS_FILE));
      }
      for (Option<?> option : List.of(Options.TOKEN_FILE, Options.ROOTS_FILE)) {
        refuse(settings, option, "means nothing without", "says where podveil-certs is");
      }
      return new Files(
          settings.get(Options.CERT), settings.get(Options.KEY), settings.get(Options.CA_CERT));
    }

    private static void refuse(Settings settings, Option<?> option, String how, String why) {
      if (settings.has(option)) {
        throw new UsageException(
            "%s %s %s, which %s".formatted(option.flag(), how, Options.CERTS_URL.flag(), why));
      }
    }
  }

  /** What the rules of the network namespace depend on; all that {@code capture} reads. */
  public record Interception(
      Listeners listeners,
      Ports excludedInboundPorts,
      Ports excludedOutboundPorts,
      List<Cidr> excludedOutboundCidrs) {

    /** Takes a copy of the list. */
    public Interception {
      excludedOutboundCidrs = List.copyOf(excludedOutboundCidrs);
    }

    static Interception from(Settings settings) {
      return new Interception(
          Listeners.from(settings),
          settings.get(Options.EXCLUDE_INBOUND_PORTS),
          settings.get(Options.EXCLUDE_OUTBOUND_PORTS),
          settings.get(Options.EXCLUDE_OUTBOUND_CIDRS));
    }
  }

  /**
   * The three ports of the sidecar, no two alike.
   *
   * @param tcp where the app's outbound connections arrive
   * @param tls where connections from the wire arrive
   * @param admin health, metrics and state
   */
  public record Listeners(int tcp, int tls, int admin) {
    /** Checks that they differ. */
    public Listeners {
      distinct(Options.TCP_PORT, tcp, Options.TLS_PORT, tls);
      distinct(Options.TCP_PORT, tcp, Options.ADMIN_PORT, admin);
      distinct(Options.TLS_PORT, tls, Options.ADMIN_PORT, admin);
    }

    static Listeners from(Settings settings) {
      return new Listeners(
          settings.get(Options.TCP_PORT),
          settings.get(Options.TLS_PORT),
          settings.get(Options.ADMIN_PORT));
    }

    private static void distinct(Option<?> one, int port, Option<?> other, int otherPort) {
      if (port == otherPort) {
        throw new UsageException(
            "%s and %s are both %d: allowed are three different ports"
                .formatted(one.flag(), other.flag(), port));
      }
    }
  }

  /** What happens to connections from outside that are not mutual TLS. */
  public enum Inbound {
    /** They are refused. */
    STRICT,
    /** Plaintext is let through. */
    PERMISSIVE
  }

  /** Bounds on what peers and apps can make the sidecar hold or wait for. */
  public record Limits(
      Duration handshakeTimeout,
      Duration connectTimeout,
      int connections,
      int handshakes,
      int eventLoops) {

    static Limits from(Settings settings) {
      return new Limits(
          settings.get(Options.HANDSHAKE_TIMEOUT),
          settings.get(Options.CONNECT_TIMEOUT),
          settings.get(Options.MAX_CONNECTIONS),
          settings.get(Options.MAX_HANDSHAKES),
          settings.get(Options.EVENT_LOOPS));
    }
  }

  /**
   * How much is logged, and in which shape.
   *
   * @param verbosity 0: one line per connection, at its end; 1: its start and the dial too
   */
  public record Logging(int verbosity, LogFormat format) {
    static Logging from(Settings settings) {
      return new Logging(settings.get(Options.VERBOSE), settings.get(Options.LOG_FORMAT));
    }
  }

  /** The shape of a log line. */
  public enum LogFormat {
    /** For people and grep. */
    TEXT,
    /** The same fields, one JSON object a line. */
    JSON
  }
}
