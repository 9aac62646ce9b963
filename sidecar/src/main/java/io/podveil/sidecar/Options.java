package io.podveil.sidecar;

import io.podveil.sidecar.Configuration.Inbound;
import io.podveil.sidecar.Configuration.LogFormat;
import io.podveil.sidecar.Option.Arity;
import io.podveil.sidecar.Option.Section;
import io.podveil.sidecar.egress.OutboundMode;
import io.podveil.sidecar.net.Cidr;
import io.podveil.sidecar.net.Ports;
import io.podveil.sidecar.probe.Checks;
import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The option table: all there is to set. What can be derived is not in it. */
final class Options {
  static final Option<Boolean> REMOVE =
      new Option<>(
          Section.CAPTURE,
          "remove",
          Arity.SWITCH,
          "",
          "false",
          Readers.BOOLEAN,
          "take the rules and routes away instead of setting them");
  static final Option<Duration> AWAIT =
      once(
          Section.CAPTURE,
          "await",
          "TIME",
          "0s",
          Readers.duration(Duration.ZERO, Duration.ofHours(1)),
          "then wait until the sidecar of this network namespace serves, no longer than this");

  static final Option<Path> CERT =
      once(
          Section.CREDENTIALS,
          "cert",
          "FILE",
          null,
          Readers.FILE,
          "PEM: own certificate, then its intermediates");
  static final Option<Path> KEY =
      once(Section.CREDENTIALS, "key", "FILE", null, Readers.FILE, "PEM: its private key");
  static final Option<Path> CA_CERT =
      once(
          Section.CREDENTIALS,
          "ca-cert",
          "FILE",
          null,
          Readers.FILE,
          "PEM: the roots that peers are checked against, one or more");
  static final Option<URI> CERTS_URL =
      once(
          Section.SERVICE,
          "certs-url",
          "URL",
          null,
          Readers.HTTPS_URL,
          "podveil-certs, as in https://podveil-certs.podveil-system.svc:8443");
  static final Option<Path> TOKEN_FILE =
      once(
          Section.SERVICE,
          "token-file",
          "FILE",
          "/var/run/secrets/podveil.io/token",
          Readers.FILE,
          "the pod's projected token with audience podveil; read afresh each time");
  static final Option<Path> ROOTS_FILE =
      once(
          Section.SERVICE,
          "roots-file",
          "FILE",
          "/var/run/secrets/podveil.io/roots.pem",
          Readers.FILE,
          "PEM: the trust roots, of podveil-certs and of peers alike");

  static final Option<Integer> TCP_PORT =
      once(
          Section.LISTENERS,
          "tcp-port",
          "PORT",
          "1",
          Readers.PORT,
          "egress: what the app sends out arrives here");
  static final Option<Integer> TLS_PORT =
      once(
          Section.LISTENERS,
          "tls-port",
          "PORT",
          "2",
          Readers.PORT,
          "ingress: what comes from the wire arrives here");
  static final Option<Integer> ADMIN_PORT =
      once(
          Section.LISTENERS,
          "admin-port",
          "PORT",
          "3",
          Readers.PORT,
          "health, metrics and state over HTTP");

  static final Option<Ports> EXCLUDE_INBOUND_PORTS =
      list(
          Section.INTERCEPTION,
          "exclude-inbound-ports",
          "",
          Ports::parse,
          "ports of the app that anyone reaches directly, as in 22,8000-8010");
  static final Option<Ports> EXCLUDE_OUTBOUND_PORTS =
      list(
          Section.INTERCEPTION,
          "exclude-outbound-ports",
          "",
          Ports::parse,
          "ports that the app reaches directly, wherever they are");
  static final Option<List<Cidr>> EXCLUDE_OUTBOUND_CIDRS =
      list(
          Section.INTERCEPTION,
          "exclude-outbound-cidrs",
          "",
          Cidr::parseList,
          "addresses that the app reaches directly, as in 169.254.0.0/16");

  static final Option<Inbound> INBOUND =
      once(
          Section.TRAFFIC,
          "inbound",
          "MODE",
          "strict",
          Readers.oneOf(Inbound.class),
          "strict refuses plaintext from outside, permissive lets it through");
  static final Option<Duration> PERMISSIVE_WAIT =
      once(
          Section.TRAFFIC,
          "permissive-wait",
          "TIME",
          "200ms",
          Readers.duration(Duration.ofMillis(1), Duration.ofMinutes(1)),
          "permissive: a client silent for so long waits for the server to speak");
  static final Option<OutboundMode> OUTBOUND =
      once(
          Section.TRAFFIC,
          "outbound",
          "MODE",
          "auto",
          Readers.oneOf(OutboundMode.class),
          "what podveil-certs knows not to be meshed: auto lets it pass as it is, strict refuses");
  static final Option<List<Cidr>> MTLS_CIDRS =
      list(
          Section.TRAFFIC,
          "mtls-cidrs",
          "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,fc00::/7",
          Cidr::parseList,
          "destinations that get mutual TLS; what goes elsewhere passes as it is");
  static final Option<String> TRUST_DOMAIN =
      once(
          Section.TRAFFIC,
          "trust-domain",
          "NAME",
          "cluster.local",
          Readers.TRUST_DOMAIN,
          "the SPIFFE trust domain that peers must belong to");
  static final Option<Integer> REUSE =
      once(
          Section.TRAFFIC,
          "reuse",
          "N",
          "32",
          Readers.integer(0, 1000),
          "idle connections kept per destination, for the next to need no handshake; 0: none");
  static final Option<Duration> DRAIN =
      once(
          Section.TRAFFIC,
          "drain",
          "TIME",
          "30s",
          Readers.duration(Duration.ZERO, Duration.ofHours(24)),
          "after SIGTERM, live connections may go on for so long");

  static final Option<Duration> HANDSHAKE_TIMEOUT =
      once(
          Section.LIMITS,
          "handshake-timeout",
          "TIME",
          "10s",
          Readers.duration(Duration.ofMillis(100), Duration.ofMinutes(5)),
          "a TLS handshake takes no longer");
  static final Option<Duration> CONNECT_TIMEOUT =
      once(
          Section.LIMITS,
          "connect-timeout",
          "TIME",
          "10s",
          Readers.duration(Duration.ofMillis(100), Duration.ofMinutes(5)),
          "dialling takes no longer");
  static final Option<Integer> MAX_CONNECTIONS =
      once(
          Section.LIMITS,
          "max-connections",
          "N",
          "20000",
          Readers.integer(1, 1_000_000),
          "connections at a time; more are closed at once and counted");
  static final Option<Integer> MAX_HANDSHAKES =
      once(
          Section.LIMITS,
          "max-handshakes",
          "N",
          "1000",
          Readers.integer(1, 1_000_000),
          "handshakes of clients at a time; whoever has most of them loses one to a newcomer");
  static final Option<Integer> EVENT_LOOPS =
      once(
          Section.LIMITS,
          "event-loops",
          "N",
          "1",
          Readers.integer(1, 64),
          "threads that move bytes");

  static final Option<Integer> VERBOSE =
      once(
          Section.LOGGING,
          "verbose",
          "N",
          "0",
          Readers.integer(0, 9),
          "0: one line per connection, at its end; 1: its start and the dial too");
  static final Option<LogFormat> LOG_FORMAT =
      once(
          Section.LOGGING,
          "log-format",
          "FORMAT",
          "text",
          Readers.oneOf(LogFormat.class),
          "text for people, json for machines; the fields are the same");

  static final Option<String> POD_NAME =
      once(Section.POD, "pod-name", "NAME", "", Readers.NAME, "for logs and /state");
  static final Option<String> POD_NAMESPACE =
      once(Section.POD, "pod-namespace", "NAME", "", Readers.NAME, "for logs and /state");
  static final Option<String> POD_UID =
      once(Section.POD, "pod-uid", "UID", "", Readers.NAME, "for /state");
  static final Option<String> SERVICE_ACCOUNT =
      once(Section.POD, "service-account", "NAME", "", Readers.NAME, "for /state");
  static final Option<Set<InetAddress>> POD_IPS =
      list(
          Section.POD,
          "pod-ips",
          "",
          Readers.ADDRESSES,
          "what podveil-certs is asked to certify; without: what the interfaces have");
  static final Option<Checks> PROBES =
      once(
          Section.POD,
          "probes",
          "JSON",
          "",
          Checks::parse,
          "the kubelet's checks, carried out when asked for at /probe/CONTAINER/KIND");

  /** In the order of the help text. */
  static final List<Option<?>> ALL =
      List.of(
          REMOVE,
          AWAIT,
          CERT,
          KEY,
          CA_CERT,
          CERTS_URL,
          TOKEN_FILE,
          ROOTS_FILE,
          TCP_PORT,
          TLS_PORT,
          ADMIN_PORT,
          EXCLUDE_INBOUND_PORTS,
          EXCLUDE_OUTBOUND_PORTS,
          EXCLUDE_OUTBOUND_CIDRS,
          INBOUND,
          PERMISSIVE_WAIT,
          OUTBOUND,
          MTLS_CIDRS,
          TRUST_DOMAIN,
          REUSE,
          DRAIN,
          HANDSHAKE_TIMEOUT,
          CONNECT_TIMEOUT,
          MAX_CONNECTIONS,
          MAX_HANDSHAKES,
          EVENT_LOOPS,
          VERBOSE,
          LOG_FORMAT,
          POD_NAME,
          POD_NAMESPACE,
          POD_UID,
          SERVICE_ACCOUNT,
          POD_IPS,
          PROBES);

  private Options() {}

  private static <T> Option<T> once(
      Section section,
      String name,
      String placeholder,
      @Nullable String fallback,
      Function<String, T> reader,
      String help) {
    return new Option<>(section, name, Arity.ONCE, placeholder, fallback, reader, help);
  }

  private static <T> Option<T> list(
      Section section, String name, String fallback, Function<String, T> reader, String help) {
    return new Option<>(section, name, Arity.LIST, "LIST", fallback, reader, help);
  }
}
