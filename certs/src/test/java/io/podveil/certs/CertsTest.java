package io.podveil.certs;

import static org.assertj.core.api.Assertions.assertThat;

import io.podveil.certs.signer.Openssl;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.InstantSource;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** The command line, run in this process but for {@code main} itself. */
final class CertsTest {
  private static final String ID = "spiffe://cluster.local/ns/default/sa/web";

  @TempDir private Path dir;
  private String ca = "";
  private String out = "";

  @BeforeEach
  void names() {
    ca = dir.resolve("ca").toString();
    out = dir.resolve("web").toString();
  }

  @Test
  void makesAnAuthorityAndACertificateThatOpensslVerifies() throws Exception {
    succeeds("ca", "init", "--dir", ca);
    succeeds("issue", "--dir", ca, "--id", ID, "--ip", "10.0.0.2", "--ip", "fd00::2", "--out", out);

    Path web = Path.of(out);
    assertThat(Openssl.run(web, "verify -x509_strict -purpose sslserver -CAfile ca.pem cert.pem"))
        .contains("cert.pem: OK");
    assertThat(Openssl.run(web, "verify -x509_strict -purpose sslclient -CAfile ca.pem cert.pem"))
        .contains("cert.pem: OK");
    assertThat(Openssl.run(web, "x509 -in cert.pem -noout -text"))
        .contains("X509v3 Subject Alternative Name: critical")
        .contains("URI:" + ID + ", IP Address:10.0.0.2, IP Address:FD00:0:0:0:0:0:0:2")
        .contains("Digital Signature")
        .contains("CA:FALSE");
    assertThat(Openssl.run(web, "x509 -in cert.pem -noout -pubkey"))
        .isEqualTo(Openssl.run(web, "pkey -in key.pem -pubout"));
    assertThat(Openssl.run(web, "x509 -in cert.pem -noout -checkend 86000"))
        .contains("will not expire");
  }

  @Test
  void privateKeysAreForTheirOwnerAlone() throws Exception {
    issueOne();
    assertThat(mode(ca, "ca-key.pem")).isEqualTo("rw-------");
    assertThat(mode(out, "key.pem")).isEqualTo("rw-------");
    assertThat(mode(out, "cert.pem")).isEqualTo("rw-r--r--");
    assertThat(Files.readString(Path.of(out, "key.pem"))).startsWith("-----BEGIN PRIVATE KEY-----");
  }

  @Test
  void issuesAgainOverTheOldFilesAndLeavesNothingBehind() throws Exception {
    issueOne();
    String before = Files.readString(Path.of(out, "cert.pem"));
    issueOne();
    assertThat(Files.readString(Path.of(out, "cert.pem"))).isNotEqualTo(before);
    try (Stream<Path> files = Files.list(Path.of(out))) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder("ca.pem", "cert.pem", "key.pem");
    }
  }

  @Test
  void neverReplacesAnAuthority() throws Exception {
    succeeds("ca", "init", "--dir", ca);
    String key = Files.readString(Path.of(ca, "ca-key.pem"));
    assertThat(fails(1, "ca", "init", "--dir", ca)).contains("exists already");
    Files.delete(Path.of(ca, "ca.pem"));
    assertThat(fails(1, "ca", "init", "--dir", ca)).contains("ca-key.pem exists already");
    assertThat(Files.readString(Path.of(ca, "ca-key.pem"))).isEqualTo(key);
  }

  @Test
  void doesNotIssueIntoTheAuthoritysOwnDirectory() {
    succeeds("ca", "init", "--dir", ca);
    assertThat(fails(1, "issue", "--dir", ca, "--id", ID, "--ip", "10.0.0.2", "--out", ca + "/."))
        .contains("--out is the authority's own directory");
  }

  @Test
  void saysWhatIsWrongWithAnAuthorityOnDisk() throws Exception {
    assertThat(issueFails()).contains("ca.pem does not exist").contains("ca init --dir");
    succeeds("ca", "init", "--dir", ca);
    Files.writeString(Path.of(ca, "ca.pem"), "garbage");
    assertThat(issueFails()).contains("holds no").contains("PEM is expected");
    Files.write(Path.of(ca, "ca.pem"), new byte[2 << 20]);
    assertThat(issueFails()).contains("larger than 1 MiB");
    Files.delete(Path.of(ca, "ca.pem"));
    Files.createDirectory(Path.of(ca, "ca.pem"));
    assertThat(issueFails()).contains("Is a directory");
  }

  @Test
  void takesOptionsFromTheEnvironmentAndPrefersFlags() throws Exception {
    Map<String, String> environment =
        Map.of(
            "PODVEIL_DIR", ca,
            "PODVEIL_TRUST_DOMAIN", "from.env",
            "PODVEIL_ID", "spiffe://from.env/ns/a/sa/b",
            "PODVEIL_IP", "10.0.0.2,fd00::2",
            "PODVEIL_HOURS", " ",
            "PODVEIL_OUT", "/nonexistent/never",
            "PODVEIL_HELP", "true");
    assertThat(run(environment, "ca", "init").exit).isZero();
    assertThat(run(environment, "issue", "--out", out)).isEqualTo(new Result(0, "", ""));
    assertThat(Openssl.run(Path.of(out), "x509 -in cert.pem -noout -ext subjectAltName"))
        .contains("spiffe://from.env/ns/a/sa/b, IP Address:10.0.0.2, IP Address:FD00");
  }

  @Test
  void aWrongValueInTheEnvironmentIsTheSameErrorAsAWrongFlag() {
    Result result = run(Map.of("PODVEIL_TRUST_DOMAIN", "Not Valid"), "ca", "init", "--dir", ca);
    assertThat(result.exit).isEqualTo(2);
    assertThat(result.err).contains("--trust-domain").contains("'Not Valid'").hasLineCount(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "unknown",
        "ca",
        "ca unknown",
        "ca init",
        "ca init --dir",
        "ca init --dir X --trust-domain UPPER",
        "ca init --dir X --trust-domain spiffe://td",
        "ca init --dir X extra",
        "issue",
        "issue --dir X --out Y --ip 10.0.0.1 --id web",
        "issue --dir X --out Y --ip 10.0.0.1 --id spiffe://td",
        "issue --dir X --out Y --ip 10.0.0.1 --id spiffe://td/a\nspiffe://td/b",
        "issue --dir X --out Y --id spiffe://td/a",
        "issue --dir X --out Y --id spiffe://td/a --ip localhost",
        "issue --dir X --out Y --id spiffe://td/a --ip 10.1",
        "issue --dir X --out Y --id spiffe://td/a --ip 10.0.0.256",
        "issue --dir X --out Y --id spiffe://td/a --ip 010.0.0.0x1",
        "issue --dir X --out Y --id spiffe://td/a --ip fe80::1%lo",
        "issue --dir X --out Y --id spiffe://td/a --ip [::1]",
        "issue --dir X --out Y --id spiffe://td/a --ip ::",
        "issue --dir X --out Y --id spiffe://td/a --ip 224.0.0.1",
        "issue --dir X --out Y --id spiffe://td/a --ip 10.0.0.1 --hours 0",
        "issue --dir X --out Y --id spiffe://td/a --ip 10.0.0.1 --hours -1",
        "issue --dir X --out Y --id spiffe://td/a --ip 10.0.0.1 --hours 8761",
        "issue --dir X --out Y --id spiffe://td/a --ip 10.0.0.1 --hours 99999999999",
        "issue --dir X --out Y --id spiffe://td/a --ip 10.0.0.1 --hours 1.5",
        "issue --dir X --out Y --id spiffe://td/a --id spiffe://td/b --ip 10.0.0.1",
        "issue --dir X --out Y --id spiffe://td/a --ip 10.0.0.1 --frobnicate"
      })
  void aWrongCommandLineIsOneLineAndExitCodeTwo(String line) {
    fails(2, line.isEmpty() ? new String[0] : line.split(" "));
  }

  @Test
  void anIdOfAnotherTrustDomainIsRefused() {
    succeeds("ca", "init", "--dir", ca, "--trust-domain", "td");
    assertThat(issueFails()).contains("is not in the authority's trust domain, td");
  }

  @Test
  void helpNamesEveryOptionAndGoesToStandardOutput() {
    Result help = run(Map.of(), "issue", "--help");
    assertThat(help.exit).isZero();
    assertThat(help.err).isEmpty();
    assertThat(help.out).contains("--dir", "--id", "--ip", "--hours", "--out", "24");
    assertThat(run(Map.of(), "--help").out).contains("PODVEIL_TRUST_DOMAIN", "ca", "issue");
    assertThat(run(Map.of(), "--version").out).startsWith("podveil-certs ");
  }

  private record Result(int exit, String out, String err) {}

  private void issueOne() {
    if (!Files.exists(Path.of(ca))) {
      succeeds("ca", "init", "--dir", ca);
    }
    succeeds("issue", "--dir", ca, "--id", ID, "--ip", "10.0.0.2", "--out", out);
  }

  private String issueFails() {
    return fails(1, "issue", "--dir", ca, "--id", ID, "--ip", "10.0.0.2", "--out", out);
  }

  private static void succeeds(String... arguments) {
    assertThat(run(Map.of(), arguments)).isEqualTo(new Result(0, "", ""));
  }

  private static String fails(int exit, String... arguments) {
    Result result = run(Map.of(), arguments);
    assertThat(result.exit).as(result.err).isEqualTo(exit);
    assertThat(result.out).isEmpty();
    assertThat(result.err).hasLineCount(1).startsWith("podveil-certs").doesNotContain("internal");
    return result.err;
  }

  private static Result run(Map<String, String> environment, String... arguments) {
    var out = new StringWriter();
    var err = new StringWriter();
    CommandLine certs = Certs.commandLine(environment, InstantSource.system());
    certs.setOut(new PrintWriter(out));
    certs.setErr(new PrintWriter(err));
    return new Result(certs.execute(arguments), out.toString(), err.toString());
  }

  private static String mode(String directory, String file) throws Exception {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(Path.of(directory, file)));
  }
}
