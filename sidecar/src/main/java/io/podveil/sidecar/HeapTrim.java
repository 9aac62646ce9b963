package io.podveil.sidecar;

/**
 * Gives the heap back that many connections took, once most of them are gone. The collector does
 * not run by itself while nothing happens, and what it does not look at stays ours. One thread at a
 * time.
 */
final class HeapTrim {
  /** Some megabytes: below, a collection is not worth its milliseconds. */
  private static final int WORTHWHILE = 500;

  private final Runnable collect;
  private int peak;

  /**
   * Has seen nothing yet.
   *
   * @param collect collects what is garbage; may block
   */
  HeapTrim(Runnable collect) {
    this.collect = collect;
  }

  /**
   * To be called every few seconds.
   *
   * @param connections how many live
   */
  void look(int connections) {
    peak = Math.max(peak, connections);
    if (peak >= WORTHWHILE && connections <= peak / 4) {
      peak = connections;
      collect.run();
    }
  }
}
