package io.podveil.sidecar.testbed;

import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;

/** What a test does besides, each on a thread of its own that does not outlive it. */
public final class InBackground {
  private InBackground() {}

  /** Starts; whoever asks for the result meets the failure. */
  public static <T> Future<T> call(Callable<T> work) {
    FutureTask<T> task = new FutureTask<>(work);
    Thread.ofPlatform().daemon().name("in background").start(task);
    return task;
  }
}
