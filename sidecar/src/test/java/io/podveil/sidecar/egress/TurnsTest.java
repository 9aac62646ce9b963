package io.podveil.sidecar.egress;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class TurnsTest {
  private static final InetSocketAddress WEB = new InetSocketAddress("10.77.0.2", 80);
  private static final InetSocketAddress PAY = new InetSocketAddress("10.77.0.3", 80);

  private final EventLoop loop = new DefaultEventLoop();
  private final Turns turns = new Turns();
  private final List<Turns.Turn> begun = Collections.synchronizedList(new ArrayList<>());
  private final List<Integer> order = Collections.synchronizedList(new ArrayList<>());

  @AfterEach
  void end() {
    loop.shutdownGracefully().syncUninterruptibly();
  }

  @Test
  void soManyGoAtOnceAndTheOthersInTheirOrder() {
    ask(WEB, Turns.AT_ONCE + 3);
    assertThat(begun).hasSize(Turns.AT_ONCE);
    begun.get(5).end();
    begun.get(5).end();
    begun.get(0).end();
    await().until(() -> begun.size() == Turns.AT_ONCE + 2);
    assertThat(order).isEqualTo(IntStream.range(0, Turns.AT_ONCE + 2).boxed().toList());
  }

  @Test
  void oneDestinationDoesNotWaitForAnother() {
    ask(WEB, Turns.AT_ONCE + 1);
    ask(PAY, 1);
    assertThat(begun).hasSize(Turns.AT_ONCE + 1);
  }

  @Test
  void whoTakesTooLongKeepsNobodyWaiting() {
    ask(WEB, Turns.AT_ONCE * 2);
    await().until(() -> begun.size() == Turns.AT_ONCE * 2);
    begun.forEach(Turns.Turn::end);
    ask(WEB, Turns.AT_ONCE);
    assertThat(begun).hasSize(Turns.AT_ONCE * 3);
  }

  @Test
  void whatIsLeftOfABurstDoesNotDisturbTheNext() {
    ask(WEB, Turns.AT_ONCE + 1);
    begun.getFirst().end();
    await().until(() -> begun.size() == Turns.AT_ONCE + 1);
    begun.forEach(Turns.Turn::end);
    ask(WEB, Turns.AT_ONCE);
    // Behind the tick that the first burst has left.
    loop.schedule(() -> {}, 300, TimeUnit.MILLISECONDS).syncUninterruptibly();
    ask(WEB, 1);
    assertThat(begun).hasSize(Turns.AT_ONCE * 2 + 1);
  }

  @Test
  void anIdleLinkLetsOneMoreGo() {
    turns.linkIsIdle(WEB);
    ask(WEB, Turns.AT_ONCE + 2);
    turns.linkIsIdle(PAY);
    turns.linkIsIdle(WEB);
    await().until(() -> begun.size() == Turns.AT_ONCE + 1);
    assertThat(order).last().isEqualTo(Turns.AT_ONCE);
  }

  private void ask(InetSocketAddress to, int times) {
    for (int i = 0; i < times; i++) {
      int number = i;
      turns.await(
          loop,
          to,
          turn -> {
            order.add(number);
            begun.add(turn);
          });
    }
  }
}
