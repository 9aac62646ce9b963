package io.podveil.sidecar.authority;

import java.time.Duration;

/** What became of a question. */
public sealed interface Reply {
  /** It was answered, with this JSON. */
  record Answer(String body) implements Reply {}

  /**
   * It was refused.
   *
   * @param why in one line: what was refused, and what to do
   * @param retryAfter for how long not to ask again; zero if nothing was said of it
   */
  record Refusal(int status, String why, Duration retryAfter) implements Reply {}

  /**
   * Nobody answered, or nobody whom we believe.
   *
   * @param why in one line: the likely cause, and what to do
   */
  record Unreachable(String why) implements Reply {}
}
