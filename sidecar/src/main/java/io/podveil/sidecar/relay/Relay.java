package io.podveil.sidecar.relay;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.podveil.sidecar.net.Splice;
import io.podveil.sidecar.net.Splice.Side;
import io.podveil.sidecar.relay.Connection.Path;
import io.podveil.sidecar.relay.Outcome.Aborted;
import io.podveil.sidecar.relay.Outcome.Party;
import java.io.IOException;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Joins the two channels of a connection. Its two ends go into the pipelines at once, behind an
 * edge each, and hold what arrives early; {@link #start} lets the bytes flow. Both channels belong
 * to the same event loop, and so does everything in here.
 */
public final class Relay {
  private enum State {
    /** One side is not there yet; what arrives is kept. */
    WAITING,
    FLOWING,
    /** The kernel moves the bytes; the channels only own the descriptors. */
    SPLICED,
    OVER
  }

  /** Bursts of reads that a request and its answer don't have: before these it doesn't pay. */
  private static final int BURSTS_BEFORE_FAST_PATH = 4;

  private static final String DRAINED = "still open when the drain was over";

  private final Connections connections;
  private final Connection connection;
  private final Consumer<Aborted> abortedEarly;
  private final boolean appIsClient;
  private final RelayEnd app;
  private final RelayEnd wire;
  private State state = State.WAITING;
  private @Nullable Splice splice;
  private @Nullable Consumer<Channel> nextOwner;
  private boolean wireHandedOn;
  private @Nullable FastPath fastPath;
  private int bursts;

  /**
   * @param abortedEarly called instead of passing the abort on when one side breaks before the
   *     relay was started; the owner then has to clean up what it has under way
   */
  public Relay(Connections connections, Connection connection, Consumer<Aborted> abortedEarly) {
    this.connections = connections;
    this.connection = connection;
    this.abortedEarly = abortedEarly;
    this.appIsClient = connection.direction() == Connection.Direction.EGRESS;
    this.app = new RelayEnd(this, Party.APP);
    this.wire = new RelayEnd(this, Party.PEER);
  }

  /** The last handler of the channel that faces the app. */
  public ChannelHandler appEnd() {
    return app;
  }

  /** The last handler of the channel that faces the wire. */
  public ChannelHandler wireEnd() {
    return wire;
  }

  /** Both ends are in their pipelines and connected: from here on bytes flow. */
  public void start() {
    if (state != State.WAITING) {
      return;
    }
    state = State.FLOWING;
    connection.closeWith(() -> wire.execute(() -> aborted(Party.SIDECAR, DRAINED)));
    app.flowTo(wire);
    wire.flowTo(app);
  }

  /**
   * The wire outlives this connection: once both directions have ended on it, it goes to its next
   * owner instead of being closed, with nothing of this relay left in its pipeline. What the app
   * has yet to take of the last bytes is no matter of the wire's.
   */
  public void handWireOnTo(Consumer<Channel> nextOwner) {
    this.nextOwner = nextOwner;
  }

  /** The app could not be had: tells the wire side, whose end is in its pipeline, and no more. */
  public void refuse() {
    state = State.OVER;
    wire.abort(false);
  }

  /** As {@link #start}, for two plain TCP channels: the kernel moves the bytes. */
  public void splice() {
    if (state != State.WAITING) {
      return;
    }
    state = State.SPLICED;
    connection.path(Path.SPLICE);
    Splice joined = Splice.join(app.channel(), wire.channel(), new SpliceObserver());
    splice = joined;
    connection.closeWith(() -> wire.execute(() -> aborted(Party.SIDECAR, DRAINED)));
    joined.start(side -> side == Side.FIRST ? app.takeEarly() : wire.takeEarly());
  }

  boolean isOver() {
    return state == State.OVER;
  }

  void moved(long bytes, Party from) {
    if ((from == Party.APP) == appIsClient) {
      connection.movedUp(bytes);
    } else {
      connection.movedDown(bytes);
    }
  }

  /** What was there to read at one end has been read and passed on. */
  void burstEnded() {
    if (state == State.FLOWING
        && !wireHandedOn
        && fastPath == null
        && ++bursts >= BURSTS_BEFORE_FAST_PATH) {
      FastPath.take(this, app, wire)
          .ifPresent(path -> {
            fastPath = path;
            connection.path(Path.FAST);
          });
    }
  }

  void leftFastPath() {
    fastPath = null;
    connection.path(Path.HANDLERS);
    bursts = 0;
  }

  /** Something has ended: lets go of what is complete by it. */
  void settle() {
    if (state != State.FLOWING) {
      return;
    }
    Consumer<Channel> owner = nextOwner;
    if (owner != null && wire.hasEnded() && app.isEndPassedOn()) {
      nextOwner = null;
      wireHandedOn = true;
      wire.leave();
      owner.accept(wire.channel());
    }
    if (app.isEndPassedOn() && wire.isEndPassedOn()) {
      over(new Outcome.Completed());
      app.close();
      if (!wireHandedOn) {
        wire.close();
      }
    }
  }

  void aborted(Party by, String how) {
    if (fastPath != null) {
      fastPath.leave();
    }
    Aborted outcome = new Aborted(by, how);
    switch (state) {
      case WAITING -> {
        state = State.OVER;
        app.release();
        wire.release();
        abortedEarly.accept(outcome);
      }
      case FLOWING -> {
        over(outcome);
        app.abort(by == Party.APP);
        if (!wireHandedOn) {
          wire.abort(by == Party.PEER);
        }
      }
      case SPLICED -> {
        if (Objects.requireNonNull(splice).abort()) {
          over(outcome);
        }
      }
      case OVER -> {}
    }
  }

  private void over(Outcome outcome) {
    state = State.OVER;
    app.release();
    wire.release();
    connections.end(connection, outcome);
  }

  private final class SpliceObserver implements Splice.Observer {
    @Override
    public void moved(long bytes, Side from) {
      Relay.this.moved(bytes, party(from));
    }

    @Override
    public void completed() {
      over(new Outcome.Completed());
    }

    @Override
    public void reset(Side by, IOException cause) {
      over(new Aborted(party(by), String.valueOf(cause.getMessage())));
    }

    private Party party(Side side) {
      return side == Side.FIRST ? Party.APP : Party.PEER;
    }
  }
}
