package io.podveil.certs.signer;

import static org.assertj.core.api.Assertions.assertThat;

import io.podveil.certs.signer.SigningRequest.Flaw;
import io.podveil.certs.signer.SigningRequest.Reading;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests as others make them, honest and not. */
final class SigningRequestTest {
  private static final String WEB = "spiffe://cluster.local/ns/shop/sa/web";
  private static final Names NAMES =
      Names.of(
          SpiffeId.parse(WEB),
          List.of(InetAddress.ofLiteral("10.0.0.2"), InetAddress.ofLiteral("fd00::2")));

  @TempDir private Path dir;

  @Test
  void readsWhatItMakes() {
    var keys = LocalSigner.newKeyPair();
    SigningRequest made = SigningRequest.create(keys, NAMES);
    assertThat(SigningRequest.read(made.pem())).isEqualTo(new Reading.Acceptable(made));
  }

  @Test
  void readsWhatOpensslMakes() throws Exception {
    String pem = openssl("-newkey ec -pkeyopt ec_paramgen_curve:P-384", "URI:" + WEB);
    assertThat(SigningRequest.read(pem)).isInstanceOf(Reading.Acceptable.class);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          KEY      | -newkey rsa:2048                               | URI:spiffe://td/a
          KEY      | -newkey ec -pkeyopt ec_paramgen_curve:P-521    | URI:spiffe://td/a
          KEY      | -newkey ec -pkeyopt ec_paramgen_curve:secp256k1| URI:spiffe://td/a
          KEY      | -newkey ed25519                                | URI:spiffe://td/a
          KEY      | -newkey ec -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit | URI:spiffe://td/a
          KEY      | -newkey ec -pkeyopt ec_paramgen_curve:P-256 -sha1 | URI:spiffe://td/a
          IDENTITY | -newkey ec -pkeyopt ec_paramgen_curve:P-256    | IP:10.0.0.2
          IDENTITY | -newkey ec -pkeyopt ec_paramgen_curve:P-256    | URI:spiffe://td/a,URI:spiffe://td/b
          IDENTITY | -newkey ec -pkeyopt ec_paramgen_curve:P-256    | URI:spiffe://td
          IDENTITY | -newkey ec -pkeyopt ec_paramgen_curve:P-256    | URI:https://td/a
          IDENTITY | -newkey ec -pkeyopt ec_paramgen_curve:P-256    | URI:spiffe://td/../a
          EXTRAS   | -newkey ec -pkeyopt ec_paramgen_curve:P-256    | URI:spiffe://td/a,DNS:example.com
          EXTRAS   | -newkey ec -pkeyopt ec_paramgen_curve:P-256    | URI:spiffe://td/a,email:a@example.com
          EXTRAS   | -newkey ec -pkeyopt ec_paramgen_curve:P-256    | URI:spiffe://td/a,RID:1.2.3
          """)
  void refuses(Flaw flaw, String key, String names) throws Exception {
    assertThat(flawOf(openssl(key, names))).isEqualTo(flaw);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "basicConstraints=CA:TRUE",
        "keyUsage=keyCertSign",
        "extendedKeyUsage=anyExtendedKeyUsage",
        "nameConstraints=permitted;URI:.td",
        "1.2.3.4=ASN1:UTF8String:anything"
      })
  void refusesExtensionsBesidesNames(String extension) throws Exception {
    String pem =
        openssl(
            "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -addext " + extension,
            "URI:spiffe://td/a");
    assertThat(flawOf(pem)).isEqualTo(Flaw.EXTRAS);
  }

  @Test
  void refusesASubject() throws Exception {
    Openssl.run(
        dir,
        "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -keyout k -out csr"
            + " -subj /CN=admin -addext subjectAltName=URI:spiffe://td/a");
    assertThat(flawOf(Files.readString(dir.resolve("csr")))).isEqualTo(Flaw.EXTRAS);
  }

  @Test
  void everyFlippedBitIsNoticed() {
    byte[] der = der(SigningRequest.create(LocalSigner.newKeyPair(), NAMES).pem());
    for (int i = 0; i < der.length; i++) {
      byte[] changed = der.clone();
      changed[i] ^= (byte) (1 << (i % 8));
      assertThat(SigningRequest.read(pem(changed)))
          .as("byte %d", i)
          .isInstanceOf(Reading.Unacceptable.class);
    }
  }

  @Test
  void whatIsCutShortOrGoesOnIsRefused() {
    byte[] der = der(SigningRequest.create(LocalSigner.newKeyPair(), NAMES).pem());
    for (int length = 0; length < der.length; length += 7) {
      assertThat(flawOf(pem(Arrays.copyOf(der, length)))).isEqualTo(Flaw.UNREADABLE);
    }
    assertThat(flawOf(pem(Arrays.copyOf(der, der.length + 1)))).isEqualTo(Flaw.UNREADABLE);
  }

  @Test
  void deepNestingIsRefusedAndNotFatal() {
    byte[] der = new byte[11_000];
    for (int i = 0; i + 1 < der.length; i += 2) {
      der[i] = 0x30;
      der[i + 1] = (byte) 0x80;
    }
    assertThat(flawOf(pem(der))).isEqualTo(Flaw.UNREADABLE);
  }

  @Test
  void oddTextsAreRefused() {
    String good = SigningRequest.create(LocalSigner.newKeyPair(), NAMES).pem();
    for (String text :
        List.of(
            "",
            "garbage",
            good + good,
            good.replace("CERTIFICATE REQUEST", "CERTIFICATE"),
            good.replace("-----END", "----END"),
            " ".repeat(20_000) + good,
            "\u0000" + good.substring(1))) {
      assertThat(flawOf(text)).isEqualTo(Flaw.UNREADABLE);
    }
  }

  private String openssl(String key, String names) throws IOException, InterruptedException {
    Files.writeString(dir.resolve("config"), "[req]\ndistinguished_name=dn\nprompt=no\n[dn]\n");
    Openssl.run(
        dir,
        "req -new -config config %s -noenc -keyout k -out csr -subj / -addext subjectAltName=%s"
            .formatted(key.strip().replaceAll(" +", " "), names.strip()));
    return Files.readString(dir.resolve("csr"));
  }

  private static Flaw flawOf(String pem) {
    return SigningRequest.read(pem) instanceof Reading.Unacceptable(Flaw flaw, String _)
        ? flaw
        : throwAccepted(pem);
  }

  private static Flaw throwAccepted(String pem) {
    throw new AssertionError("accepted " + pem);
  }

  private static byte[] der(String pem) {
    return Base64.getMimeDecoder().decode(pem.replaceAll("-----[^-]+-----", ""));
  }

  private static String pem(byte[] der) {
    return Pem.block("CERTIFICATE REQUEST", der);
  }
}
