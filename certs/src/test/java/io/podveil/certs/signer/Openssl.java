package io.podveil.certs.signer;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A second opinion on certificates: somebody else's implementation. */
public final class Openssl {
  private Openssl() {}

  /** Runs openssl with these arguments in that directory, and returns all that it printed. */
  public static String run(Path directory, String arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("openssl"));
    command.addAll(List.of(arguments.split(" ")));
    Process process =
        new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new AssertionError("openssl " + arguments + "\n" + output);
    }
    return output;
  }
}
