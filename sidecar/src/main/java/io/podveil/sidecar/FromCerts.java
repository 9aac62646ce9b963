package io.podveil.sidecar;

import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.podveil.sidecar.Configuration.Credentials;
import io.podveil.sidecar.authority.Authority;
import io.podveil.sidecar.authority.Caller;
import io.podveil.sidecar.authority.CertificateRenewal;
import io.podveil.sidecar.authority.Enrollment;
import io.podveil.sidecar.authority.Reply;
import io.podveil.sidecar.net.Dialer;
import io.podveil.sidecar.net.OriginalDestination;
import io.podveil.sidecar.peers.PeerDirectory;
import io.podveil.sidecar.tls.Tls;
import java.net.InetAddress;
import java.time.Clock;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** The half of the wiring that podveil-certs has a part in: our certificate, and the peers. */
final class FromCerts {
  private final Credentials.Service service;
  private final Authority authority;
  private final Clock clock;
  private final Consumer<Supplier<String>> verbose;

  FromCerts(
      Credentials.Service service,
      Dialer dialer,
      EventLoopGroup loops,
      Clock clock,
      Consumer<Supplier<String>> verbose) {
    this.service = service;
    this.clock = clock;
    this.verbose = verbose;
    this.authority =
        new Authority(
            service.certs(),
            service.roots(),
            to ->
                dialer.toWire(
                    loops.next(), new OriginalDestination(to), new ChannelInboundHandlerAdapter()));
  }

  CertificateRenewal renewal(
      String trustDomain, Supplier<Set<InetAddress>> addresses, Consumer<String> notRenewed) {
    Enrollment enrollment =
        new Enrollment(authority, service.token(), trustDomain, addresses, clock);
    return new CertificateRenewal(
        enrollment::attempt, service.roots(), clock, Math::random, notRenewed);
  }

  PeerDirectory peers(Tls tls) {
    return new PeerDirectory(
        question ->
            answer(
                authority.post(
                    "/v1/peers",
                    question,
                    new Caller.Member(tls.identity().credential()),
                    PeerDirectory.DEADLINE)),
        task -> Thread.ofVirtual().name("peers").start(task),
        clock);
  }

  private Optional<String> answer(Reply reply) {
    return switch (reply) {
      case Reply.Answer(String json) -> Optional.of(json);
      case Reply.Refusal refusal -> unanswered(refusal.why());
      case Reply.Unreachable(String why) -> unanswered(why);
    };
  }

  private Optional<String> unanswered(String why) {
    verbose.accept(() -> "not told what lives where: " + why);
    return Optional.empty();
  }
}
