package io.podveil.sidecar.tls;

/** Our part in a handshake. */
public enum Role {
  CLIENT,
  SERVER
}
