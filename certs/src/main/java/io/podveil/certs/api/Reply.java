package io.podveil.certs.api;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;

/**
 * An answer.
 *
 * @param retryAfter zero if there is nothing to say about it
 * @param outcome {@code ok} or the problem's name, for metrics
 */
record Reply(int status, String contentType, String body, Duration retryAfter, String outcome) {

  static Reply ok(ObjectNode body) {
    return new Reply(200, "application/json", Json.text(body), Duration.ZERO, "ok");
  }
}
