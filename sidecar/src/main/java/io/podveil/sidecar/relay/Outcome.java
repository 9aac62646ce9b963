package io.podveil.sidecar.relay;

/** How a connection ended. The names are metric labels: few, and stable. */
public sealed interface Outcome {
  /** For the metrics; a bounded set. */
  String label();

  /** Both directions ended in order. */
  record Completed() implements Outcome {
    @Override
    public String label() {
      return "completed";
    }
  }

  /**
   * Cut off by one side, which the other was told by a reset.
   *
   * @param by who
   * @param how for the log: what was seen
   */
  record Aborted(Party by, String how) implements Outcome {
    @Override
    public String label() {
      return "aborted_by_" + by.name().toLowerCase(java.util.Locale.ROOT);
    }
  }

  /**
   * Never carried: refused here, by the peer, or unreachable.
   *
   * @param reason for the metrics; from a bounded set
   * @param why for the log: the likely cause and what to do, in one sentence
   */
  record Refused(String reason, String why) implements Outcome {
    @Override
    public String label() {
      return "refused_" + reason;
    }
  }

  /** Who cut a connection off. */
  enum Party {
    APP,
    PEER,
    SIDECAR
  }
}
