package io.podveil.sidecar.authority;

import io.podveil.sidecar.identity.Credential;

/** Who we show ourselves to be when we ask. */
public sealed interface Caller {
  /** The pod of this token; its text shows it nowhere. */
  record Bearer(String token) implements Caller {
    @Override
    public String toString() {
      return "Bearer";
    }
  }

  /** The holder of a certificate of the mesh. */
  record Member(Credential credential) implements Caller {}
}
