package io.podveil.sidecar.wire;

import org.jspecify.annotations.Nullable;

/**
 * How far the two directions of the present app connection are; says which frame may come next.
 *
 * @param client the direction from the client to the server
 * @param server the direction from the server to the client
 */
record Conversation(Direction client, Direction server) {
  enum Role {
    CLIENT,
    SERVER;

    Role peer() {
      return this == CLIENT ? SERVER : CLIENT;
    }
  }

  enum Direction {
    /** No app connection. */
    IDLE,
    /** The server owes an answer to HELLO. */
    ANSWERING,
    OPEN,
    ENDED,
    BROKEN
  }

  /** Between app connections: only a HELLO may come. */
  static final Conversation IDLE = new Conversation(Direction.IDLE, Direction.IDLE);

  /** Aborted by either side: nothing may come, ever. */
  static final Conversation BROKEN = new Conversation(Direction.BROKEN, Direction.BROKEN);

  private static final Conversation ASKED = new Conversation(Direction.OPEN, Direction.ANSWERING);

  /**
   * What the conversation is once the sender has sent such a frame; null if it may not send it now.
   */
  @Nullable Conversation after(Role sender, FrameType frame) {
    Direction direction = of(sender);
    return switch (frame) {
      case HELLO -> sender == Role.CLIENT && isIdle() ? ASKED : null;
      case ACCEPT -> direction == Direction.ANSWERING ? with(sender, Direction.OPEN) : null;
      case DATA -> direction == Direction.OPEN ? this : null;
      case END -> direction == Direction.OPEN ? with(sender, Direction.ENDED).settled() : null;
      // Not after END: the peer may have ended as well by then and have started the next app
      // connection, which would take this ABORT for its own.
      case ABORT -> direction == Direction.OPEN || direction == Direction.ANSWERING ? BROKEN : null;
      case EXTENSION -> this;
    };
  }

  boolean isIdle() {
    return client == Direction.IDLE && server == Direction.IDLE;
  }

  boolean isBroken() {
    return client == Direction.BROKEN;
  }

  Direction of(Role sender) {
    return sender == Role.CLIENT ? client : server;
  }

  private Conversation with(Role sender, Direction direction) {
    return sender == Role.CLIENT
        ? new Conversation(direction, server)
        : new Conversation(client, direction);
  }

  private Conversation settled() {
    return client == Direction.ENDED && server == Direction.ENDED ? IDLE : this;
  }
}
