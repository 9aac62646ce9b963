package io.podveil.sidecar.net;

import io.netty.channel.unix.FileDescriptor;
import io.netty.util.concurrent.FastThreadLocal;
import java.io.IOException;
import java.util.ArrayDeque;

/**
 * A kernel pipe for splicing. Empty ones are kept per event loop, so that a connection holds two
 * more descriptors only while bytes are stuck in it, and none while it is silent.
 */
record Pipe(FileDescriptor out, FileDescriptor in) {
  private static final int KEPT = 16;

  private static final FastThreadLocal<ArrayDeque<Pipe>> EMPTY =
      new FastThreadLocal<>() {
        @Override
        protected ArrayDeque<Pipe> initialValue() {
          return new ArrayDeque<>();
        }
      };

  static Pipe take() throws IOException {
    Pipe kept = EMPTY.get().poll();
    if (kept != null) {
      return kept;
    }
    FileDescriptor[] ends = FileDescriptor.pipe();
    return new Pipe(ends[0], ends[1]);
  }

  /** Only an empty pipe may be given back: what is in it would reach somebody else. */
  void giveBack() {
    ArrayDeque<Pipe> empty = EMPTY.get();
    if (empty.size() < KEPT) {
      empty.push(this);
    } else {
      discard();
    }
  }

  void discard() {
    close(out);
    close(in);
  }

  private static void close(FileDescriptor end) {
    try {
      end.close();
    } catch (IOException e) {
      // Nothing is lost with an empty or abandoned pipe, and close(2) frees the descriptor anyway.
      return;
    }
  }
}
