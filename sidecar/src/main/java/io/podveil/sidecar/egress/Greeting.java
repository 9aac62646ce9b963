package io.podveil.sidecar.egress;

import io.netty.channel.Channel;
import io.netty.util.concurrent.Future;
import io.podveil.sidecar.net.BlackHoleWatch;
import io.podveil.sidecar.net.Reset;
import io.podveil.sidecar.relay.Connection;
import io.podveil.sidecar.wire.ConnectionId;
import io.podveil.sidecar.wire.FrameCodec;
import io.podveil.sidecar.wire.Hello;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Begins an app connection on a link: our HELLO, and the peer's answer to it. */
final class Greeting {
  /** By then a live peer's kernel has long acknowledged so few bytes. */
  private static final long UNHEARD_SECONDS = 1;

  private final Link link;
  private final Connection connection;
  private @Nullable Future<?> check;

  Greeting(Link link, Connection connection) {
    this.link = link;
    this.connection = connection;
  }

  /**
   * Gets the pipeline ready; with the answer, what comes behind it goes to the handlers that are
   * there by then.
   */
  void begin(Consumer<AwaitAccept.Answer> answered) {
    Channel wire = link.wire();
    FrameCodec codec = wire.pipeline().get(FrameCodec.class);
    if (codec == null) {
      codec = FrameCodec.client();
      wire.pipeline().addLast(codec);
    }
    wire.pipeline()
        .addLast(
            new AwaitAccept(
                codec,
                answer -> {
                  if (check != null) {
                    check.cancel(false);
                  }
                  answered.accept(answer);
                }));
  }

  void send() {
    ConnectionId id = ConnectionId.random();
    connection.id(id.toString());
    link.wire()
        .pipeline()
        .lastContext()
        .writeAndFlush(new Hello(id, connection.client(), connection.destination()));
  }

  /**
   * A peer's node may have died while the link was idle, without a word. That takes the kernel half
   * a minute to find out; a HELLO that nobody acknowledges tells it sooner.
   */
  void giveUpWhereNobodyListens() {
    Channel wire = link.wire();
    check =
        wire.eventLoop()
            .schedule(
                () -> {
                  if (BlackHoleWatch.isOwed(wire)) {
                    Reset.now(wire);
                  }
                },
                UNHEARD_SECONDS,
                TimeUnit.SECONDS);
  }
}
