package io.podveil.sidecar.capture;

import io.podveil.sidecar.testbed.Pod;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** What tests of the rules begin with: two pods that reach each other, anew for each, no rules. */
abstract class BetweenTwoPods {
  TwoPods pods;
  Pod a;
  Pod b;

  @BeforeEach
  void lay() {
    pods = TwoPods.lay();
    a = pods.a();
    b = pods.b();
  }

  @AfterEach
  void remove() {
    pods.close();
  }
}
