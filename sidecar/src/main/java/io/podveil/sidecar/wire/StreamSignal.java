package io.podveil.sidecar.wire;

/**
 * What a stream carries besides bytes. In every pipeline of the relay a message is a ByteBuf or one
 * of these.
 */
public enum StreamSignal {
  /** This direction is complete; the other one goes on. */
  END,
  /** The connection broke, in both directions; nothing comes after it. */
  ABORT
}
