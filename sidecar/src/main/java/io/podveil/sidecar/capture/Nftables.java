package io.podveil.sidecar.capture;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.util.Arrays;
import java.util.function.Predicate;

/** libnftables: commands in the language of {@code nft}, every buffer one transaction. */
final class Nftables {
  // The name with its version is what the package libnftables1 brings; the bare one is for
  // compilers.
  private static final String LIBRARY = "libnftables.so.1";

  private interface Calls extends Library {
    Pointer nft_ctx_new(int flags);

    void nft_ctx_free(Pointer context);

    int nft_ctx_buffer_output(Pointer context);

    int nft_ctx_buffer_error(Pointer context);

    int nft_run_cmd_from_buffer(Pointer context, String commands);

    String nft_ctx_get_output_buffer(Pointer context);

    String nft_ctx_get_error_buffer(Pointer context);
  }

  private final Calls calls;

  private Nftables(Calls calls) {
    this.calls = calls;
  }

  /** Loads the library. */
  static Nftables load() {
    try {
      return new Nftables(Native.load(LIBRARY, Calls.class));
    } catch (UnsatisfiedLinkError e) {
      throw new CaptureException(
          LIBRARY
              + " can't be loaded; install the package libnftables1 (Debian, Ubuntu) or nftables",
          e);
    }
  }

  /** Carries out all of the commands or none, and returns what they print. */
  String run(String commands) {
    Pointer context = calls.nft_ctx_new(0);
    try {
      calls.nft_ctx_buffer_output(context);
      calls.nft_ctx_buffer_error(context);
      if (calls.nft_run_cmd_from_buffer(context, commands) != 0) {
        throw refused(calls.nft_ctx_get_error_buffer(context));
      }
      return calls.nft_ctx_get_output_buffer(context);
    } finally {
      calls.nft_ctx_free(context);
    }
  }

  /** Whether the namespace has such a table. */
  boolean hasTable(String name) {
    return run("list tables inet").lines().anyMatch(("table inet " + name)::equals);
  }

  // The library points at the place as a compiler does: a message, the source, a line of carets.
  private static CaptureException refused(String said) {
    if (said.contains("Operation not permitted")) {
      return CaptureException.notPermitted();
    }
    Predicate<String> isError = line -> line.contains("Error:");
    String[] lines = said.split("\n", -1);
    String error = Arrays.stream(lines).filter(isError).findFirst().orElse(said.strip());
    String at = Arrays.stream(lines).dropWhile(isError.negate()).skip(1).findFirst().orElse("");
    return new CaptureException(
        "the kernel refused the rules at \"%s\": %s; it takes Linux 5.17 or newer with nf_tables and its tproxy, socket, fib, nat, reject and ct timeout parts"
            .formatted(at.strip(), error.replaceFirst(".*Error: ", "").strip()));
  }
}
