package io.podveil.injector.injection;

import java.util.Locale;
import tools.jackson.databind.node.ArrayNode;

/** What happens to a pod. */
public sealed interface Decision {

  /**
   * The pod gets what it lacks of the sidecar.
   *
   * @param patch the JSON Patch, never empty
   * @param rewrittenProbes how many of the kubelet's checks now go through the sidecar
   */
  record Inject(ArrayNode patch, int rewrittenProbes) implements Decision {
    public Inject {
      if (patch.isEmpty()) {
        throw new IllegalArgumentException("an injection changes something");
      }
    }
  }

  /** The pod starts as it is. */
  record Skip(Reason reason) implements Decision {}

  /** The pod does not start: the message says what is wrong with it, and what would be right. */
  record Deny(Cause cause, String message) implements Decision {}

  /** Why a pod is left alone. */
  enum Reason {
    SYSTEM_NAMESPACE("the cluster's own namespace and Podveil's start without Podveil"),
    MIRROR_POD("a mirror pod only reports what a node runs from a file"),
    HOST_NETWORK("host network: the node's traffic is not the pod's to capture"),
    WINDOWS("Windows: there are no nftables"),
    OPTED_OUT("the label podveil.io/inject is \"false\""),
    ALREADY_INJECTED("already injected");

    private final String text;

    Reason(String text) {
      this.text = text;
    }

    /** A sentence for the log. */
    public String text() {
      return text;
    }

    /** A word for a metric's label. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** What a refusal is about. */
  enum Cause {
    SETTING,
    PORT,
    NAME,
    PROBE;

    /** A word for a metric's label. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
