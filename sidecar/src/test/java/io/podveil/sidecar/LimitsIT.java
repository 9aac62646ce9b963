package io.podveil.sidecar;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.podveil.sidecar.testbed.Echo;
import io.podveil.sidecar.testbed.Family;
import io.podveil.sidecar.testbed.Mesh;
import io.podveil.sidecar.testbed.MeshedPod;
import io.podveil.sidecar.testbed.Pod;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;

/** More than there is room for: shed and counted, while the rest is served. */
@Timeout(90)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class LimitsIT {
  private static final String OPEN = "podveil_connections_open{direction=\"ingress\"}";
  private static final String PAUSES = "podveil_accept_pauses_total";

  private Mesh mesh;
  private MeshedPod narrow;
  private MeshedPod modest;
  private MeshedPod poor;
  private Pod stranger;
  private Echo narrowApp;
  private Echo modestApp;
  private Echo poorApp;

  @BeforeAll
  void lay() throws Exception {
    mesh = Mesh.lay();
    narrow =
        mesh.pod(
            "narrow",
            "--inbound=permissive",
            "--permissive-wait=10s",
            "--max-connections=4",
            "--max-handshakes=2",
            "--handshake-timeout=60s");
    modest =
        mesh.pod(
            "modest", "--inbound=permissive", "--permissive-wait=10s", "--max-connections=9000");
    poor = mesh.pod("poor", "--inbound=permissive", "--permissive-wait=10s");
    stranger = mesh.plainPod();
    narrowApp = Echo.in(narrow.namespace());
    modestApp = Echo.in(modest.namespace());
    poorApp = Echo.in(poor.namespace());
  }

  @AfterAll
  void close() throws IOException {
    narrowApp.close();
    modestApp.close();
    poorApp.close();
    mesh.close();
  }

  @Test
  void connectionsBeyondTheLimitAreShedAndCounted() throws Exception {
    double before = narrow.ended("ingress", "refused_shed");
    List<Socket> live = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      live.add(converse(narrow));
    }
    assertThatExceptionOfType(IOException.class).isThrownBy(() -> converse(narrow));
    narrow.sidecar().await("refused: 4 connections are open already; raise --max-connections");
    assertThat(narrow.ended("ingress", "refused_shed")).isEqualTo(before + 1);
    for (Socket each : live) {
      Echo.converse(each, "not disturbed");
      each.close();
    }
    await().until(() -> narrow.metric(OPEN) == 0);
    converse(narrow).close();
  }

  @Test
  void handshakesBeyondTheLimitAreShedAndCounted() throws Exception {
    double before = narrow.ended("ingress", "refused_shed_handshake");
    byte[] halfAClientHello = {22, 3, 1, 1};
    try (Socket one = Echo.dial(stranger.namespace(), narrow.address(Family.V4));
        Socket two = Echo.dial(stranger.namespace(), narrow.address(Family.V4))) {
      one.getOutputStream().write(halfAClientHello);
      two.getOutputStream().write(halfAClientHello);
      await().until(() -> narrow.metric("podveil_handshakes_in_progress") == 2);
      try (Socket three = Echo.dial(stranger.namespace(), narrow.address(Family.V4))) {
        three.getOutputStream().write(halfAClientHello);
        assertCutOff(three);
      }
      narrow
          .sidecar()
          .await("refused: all places for handshakes are taken, most of them by this client");
      assertThat(narrow.ended("ingress", "refused_shed_handshake")).isEqualTo(before + 1);
    }
    await().until(() -> narrow.metric("podveil_handshakes_in_progress") == 0);
    await().until(() -> narrow.metric(OPEN) == 0);
  }

  @Test
  void whoeverHoldsMostHandshakesLosesOneToANewcomer() throws Exception {
    double before = narrow.ended("ingress", "refused_shed_handshake");
    byte[] halfAClientHello = {22, 3, 1, 1};
    Pod another = mesh.plainPod();
    try (Socket oldest = Echo.dial(stranger.namespace(), narrow.address(Family.V4));
        Socket younger = Echo.dial(stranger.namespace(), narrow.address(Family.V4))) {
      oldest.getOutputStream().write(halfAClientHello);
      await().until(() -> narrow.metric("podveil_handshakes_in_progress") == 1);
      younger.getOutputStream().write(halfAClientHello);
      await().until(() -> narrow.metric("podveil_handshakes_in_progress") == 2);
      try (Socket newcomer = Echo.dial(another.namespace(), narrow.address(Family.V4))) {
        newcomer.getOutputStream().write(halfAClientHello);
        assertCutOff(oldest);
        narrow.sidecar().await("refused: the handshake was not done when others needed its place");
        assertThat(narrow.ended("ingress", "refused_shed_handshake")).isEqualTo(before + 1);
        assertThat(narrow.metric("podveil_handshakes_in_progress")).isEqualTo(2);
      }
    }
    await().until(() -> narrow.metric("podveil_handshakes_in_progress") == 0);
    await().until(() -> narrow.metric(OPEN) == 0);
  }

  @Test
  void aLowLimitOnOpenFilesBoundsTheConnections() throws Exception {
    modest.sidecar().close();
    modest.startWithoutCapture("prlimit", "--nofile=256:256");
    modest
        .sidecar()
        .await("at most 56 connections instead of 9000: the limit on open files is 256; raise it");
    List<Socket> live = new ArrayList<>();
    int shed = 0;
    for (int i = 0; i < 100; i++) {
      try {
        live.add(converse(modest));
      } catch (IOException e) {
        shed++;
      }
    }
    assertThat(live).hasSize(56);
    assertThat(modest.ended("ingress", "refused_shed")).isEqualTo(shed);
    assertThat(modest.metric(PAUSES)).isZero();
    for (Socket each : live) {
      Echo.converse(each, "not disturbed");
      each.close();
    }
    await().until(() -> modest.metric(OPEN) == 0);
    converse(modest).close();
  }

  @Test
  void withNoDescriptorLeftAcceptingPausesAndRecovers() throws Exception {
    converse(poor).close();
    await().until(() -> poor.metric(OPEN) == 0);
    leaveRoomFor(0);
    List<Socket> waiting = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      waiting.add(Echo.dial(stranger.namespace(), poor.address(Family.V4)));
    }
    poor.sidecar().await("accepting pauses for a moment: .*; raise the limit on open files");
    limit(1024);
    for (Socket each : waiting) {
      Echo.converse(each, "at last");
      each.close();
    }
    assertThat(poor.metric(PAUSES)).isPositive();
    await().until(() -> poor.metric(OPEN) == 0);
  }

  @Test
  void withNoDescriptorLeftToDialTheClientIsTurnedAway() throws Exception {
    converse(poor).close();
    // What is refused for the first time loads classes, which takes descriptors of its own.
    assertTurnedAway(9, 9);
    await().until(() -> poor.metric(OPEN) == 0);
    leaveRoomFor(1);
    assertTurnedAway(9, Echo.PORT);
    limit(1024);
    poor.sidecar().await("egress .*:9 refused: unreachable: out of file descriptors here");
    poor.sidecar()
        .await("ingress .*:8000 refused: the app cannot be reached: out of file descriptors");
    converse(poor).close();
    await().until(() -> poor.metric(OPEN) == 0);
  }

  private void assertTurnedAway(int outwards, int inwards) throws Exception {
    try (Socket outward = poor.namespace().call(() -> new Socket(stranger.v4(), outwards))) {
      outward.setSoTimeout(15_000);
      assertCutOff(outward);
    }
    try (Socket inward =
        stranger.namespace().call(() -> new Socket(poor.address(Family.V4), inwards))) {
      inward.setSoTimeout(15_000);
      inward.getOutputStream().write('x');
      assertCutOff(inward);
    }
  }

  private Socket converse(MeshedPod pod) throws Exception {
    Socket socket = Echo.dial(stranger.namespace(), pod.address(Family.V4));
    try {
      Echo.converse(socket, "hello");
      return socket;
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  /** The limit is one on numbers, and there may be gaps among those that are taken. */
  private void leaveRoomFor(int descriptors) throws Exception {
    // What asked for the metrics may not be closed yet.
    AtomicReference<Set<Long>> seen = new AtomicReference<>(Set.of());
    await()
        .pollInterval(500, TimeUnit.MILLISECONDS)
        .until(() -> taken().equals(seen.getAndSet(taken())));
    Set<Long> taken = seen.get();
    long limit = 0;
    for (int free = 0; free < descriptors || taken.contains(limit); limit++) {
      free += taken.contains(limit) ? 0 : 1;
    }
    limit(limit);
  }

  private Set<Long> taken() throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/" + poor.sidecar().pid() + "/fd"))) {
      return open.map(fd -> Long.parseLong(fd.getFileName().toString()))
          .collect(Collectors.toSet());
    }
  }

  /** Of the running sidecar, from now on. */
  private void limit(long descriptors) throws Exception {
    poor.namespace()
        .run("prlimit", "--pid=" + poor.sidecar().pid(), "--nofile=%d:".formatted(descriptors));
  }

  private static void assertCutOff(Socket socket) throws IOException {
    try {
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
    } catch (java.net.SocketTimeoutException e) {
      throw new AssertionError("still connected", e);
    } catch (IOException e) {
      assertThat(e).isNotNull(); // Reset.
    }
  }
}
