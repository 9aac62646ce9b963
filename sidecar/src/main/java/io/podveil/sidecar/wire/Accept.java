package io.podveil.sidecar.wire;

/**
 * The server's answer to a {@link Hello}: its app took the connection. A refusal is {@link
 * StreamSignal#ABORT}.
 */
public enum Accept {
  ACCEPT
}
