package io.podveil.sidecar.probe;

/** What became of a check. */
sealed interface Verdict {
  int UNREACHABLE = 503;
  int TOO_LATE = 504;

  /** The app answered, with this status or what is as good as one. */
  record Answered(int status) implements Verdict {}

  /**
   * It gave no answer, or one that is none.
   *
   * @param status for the kubelet, whose events name it
   */
  record Failed(int status, String why) implements Verdict {}

  /** Whoever wanted to know went away before there was an answer. */
  record Abandoned() implements Verdict {}

  static Failed failed(String why) {
    return new Failed(UNREACHABLE, why);
  }
}
