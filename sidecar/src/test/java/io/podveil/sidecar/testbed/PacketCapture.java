package io.podveil.sidecar.testbed;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Every packet that passes a pod's {@code eth0}, kept by tcpdump from the start to {@link #stop()}.
 */
public final class PacketCapture implements AutoCloseable {
  private final Namespace namespace;
  private final Path file;
  private final Program tcpdump;

  private PacketCapture(Namespace namespace, Path file, Program tcpdump) {
    this.namespace = namespace;
    this.file = file;
    this.tcpdump = tcpdump;
  }

  /** Starts; when this returns no packet is missed any more. */
  public static PacketCapture of(Pod pod) throws IOException {
    Path file = Files.createTempFile("podveil-", ".pcap");
    Program tcpdump =
        pod.namespace()
            .start(
                "tcpdump",
                "-i",
                "eth0",
                "-n",
                "-s",
                "0",
                "-B",
                "65536",
                "-U",
                "--immediate-mode",
                "-Z",
                "root",
                "-w",
                file.toString());
    tcpdump.await("listening on");
    return new PacketCapture(pod.namespace(), file, tcpdump);
  }

  /** Ends the capture; it can be asked as often as wanted from here on. */
  public PacketCapture stop() {
    tcpdump.signal("TERM");
    tcpdump.exit();
    if (tcpdump.lines().stream()
        .noneMatch(line -> line.startsWith("0 packets dropped by kernel"))) {
      throw new AssertionError("tcpdump missed packets: " + tcpdump.lines());
    }
    return this;
  }

  /**
   * Whether these characters (ISO 8859-1) occur on the wire; keep them short, packets may cut them.
   */
  public boolean contains(String text) throws IOException {
    // Latin-1 maps every byte to one character, so that the search engine of String serves for
    // bytes.
    return new String(bytes(), ISO_8859_1).contains(text);
  }

  /** The whole capture file: headers and payloads. */
  public byte[] bytes() throws IOException {
    return Files.readAllBytes(file);
  }

  /** The packets that a tcpdump filter selects, one line each. */
  public List<String> packets(String... filter) {
    List<String> command = new ArrayList<>(List.of("tcpdump", "-n", "-r", file.toString()));
    command.addAll(Arrays.asList(filter));
    return namespace.run(command.toArray(String[]::new)).lines().toList();
  }

  @Override
  public void close() throws IOException {
    tcpdump.close();
    Files.delete(file);
  }
}
