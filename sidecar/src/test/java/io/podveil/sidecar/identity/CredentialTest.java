package io.podveil.sidecar.identity;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.podveil.sidecar.testbed.Issued;
import io.podveil.sidecar.testbed.TestAuthority;
import io.podveil.sidecar.testbed.TestAuthority.Bad;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.util.Base64;
import java.util.Locale;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class CredentialTest {

  private static final TestAuthority AUTHORITY = TestAuthority.create();
  private static final Issued CART = AUTHORITY.issue("ns/shop/sa/cart", "10.0.0.1");

  @TempDir Path directory;

  @Test
  void neverShowsItsKey() {
    Credential credential = parse(CART.chainPem(), CART.keyPem());

    assertThat(credential)
        .hasToString("spiffe://cluster.local/ns/shop/sa/cart until " + credential.notAfter());
    assertThat(CART.identity(AUTHORITY.roots()).toString())
        .doesNotContain(
            Base64.getEncoder().encodeToString(CART.key().getEncoded()).substring(0, 20));
  }

  @ParameterizedTest
  @ValueSource(strings = {"EC", "RSA"})
  void readsKeysInTheirOlderForms(String algorithm) throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
    generator.initialize(algorithm.equals("EC") ? 256 : 2048);
    KeyPair keys = generator.generateKeyPair();
    Issued issued = AUTHORITY.leaf().id("ns/shop/sa/cart").keys(keys).issue();
    Path pkcs8 = Files.writeString(directory.resolve("key.pem"), issued.keyPem());
    Path older = directory.resolve("older.pem");
    Process openssl =
        new ProcessBuilder(
                "openssl",
                algorithm.toLowerCase(Locale.ROOT),
                "-in",
                pkcs8.toString(),
                "-out",
                older.toString(),
                algorithm.equals("RSA") ? "-traditional" : "-text")
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    assertThat(openssl.waitFor()).isZero();

    assertThat(Files.readString(older)).contains("BEGIN " + algorithm + " PRIVATE KEY");
    assertThat(parse(issued.chainPem(), Files.readString(older)).id().shortForm())
        .isEqualTo("ns/shop/sa/cart");
  }

  @Test
  void ignoresWhatStandsAroundThePemBlocks() {
    String chain = "subject=CN = workload\r\n" + CART.chainPem().replace("\n", "\r\n") + "\r\nend";
    String key = Issued.block("EC PARAMETERS", new byte[] {5, 0}) + CART.keyPem();

    assertThat(parse(chain, key).id().shortForm()).isEqualTo("ns/shop/sa/cart");
  }

  @Test
  void refusesAnEncryptedKeyAndSaysWhatToDo() {
    assertRefused(
        CART.chainPem(),
        Issued.block("ENCRYPTED PRIVATE KEY", CART.key().getEncoded()),
        "openssl pkey");
  }

  @Test
  void refusesTheKeyOfAnotherCertificate() {
    assertRefused(CART.chainPem(), AUTHORITY.issue("ns/shop/sa/web").keyPem(), "not the one");
  }

  @Test
  void refusesTwoKeysAndNone() {
    assertRefused(CART.chainPem(), CART.keyPem() + CART.keyPem(), "2 private keys");
    assertRefused(CART.chainPem(), CART.chainPem(), "0 private keys");
  }

  @Test
  void refusesAFileThatEndsInTheMiddle() {
    String pem = CART.chainPem();

    assertRefused(pem.substring(0, pem.length() / 2), CART.keyPem(), "written completely");
    assertRefused("", CART.keyPem(), "no certificate");
  }

  @ParameterizedTest
  @EnumSource(names = {"NO_SAN", "TWO_URI_SANS", "CA_AS_LEAF"})
  void refusesACertificateThatIsNoSvid(Bad kind) {
    Issued bad = AUTHORITY.issueBad(kind, "ns/shop/sa/cart");

    assertRefused(bad.chainPem(), bad.keyPem(), "no X.509-SVID");
  }

  @Test
  void anIdentityMustLeadToItsOwnRoots() {
    assertThatExceptionOfType(IdentityException.class)
        .isThrownBy(() -> CART.identity(TestAuthority.create().roots()))
        .withMessageContaining("would be refused")
        .withMessageContaining("trust roots");
  }

  @ParameterizedTest
  @EnumSource(names = {"EXPIRED", "NOT_YET_VALID"})
  void anIdentityMayBeOutOfItsTime(Bad kind) {
    Issued issued = AUTHORITY.issueBad(kind, "ns/shop/sa/cart");

    assertThatCode(() -> issued.identity(AUTHORITY.roots())).doesNotThrowAnyException();
  }

  @Property(tries = 300)
  void whateverHappensToAFileItIsReadOrRefusedWithAReason(
      @ForAll @IntRange(max = 5_000) int position, @ForAll byte replacement) {
    byte[] chain = CART.chainPem().getBytes(US_ASCII);
    byte[] key = CART.keyPem().getBytes(US_ASCII);
    chain[position % chain.length] = replacement;
    key[position % key.length] = replacement;

    onlyReasons(() -> Credential.parse(chain, CART.keyPem().getBytes(US_ASCII)));
    onlyReasons(() -> Credential.parse(CART.chainPem().getBytes(US_ASCII), key));
  }

  @Property(tries = 300)
  void anyBytesAreReadOrRefusedWithAReason(@ForAll byte[] bytes) {
    onlyReasons(() -> Credential.parse(bytes, bytes));
    onlyReasons(() -> TrustBundle.parse(bytes));
  }

  private static void onlyReasons(Runnable parser) {
    try {
      parser.run();
    } catch (IdentityException e) {
      assertThat(e.getMessage()).matches("[ -~]+");
    }
  }

  private static void assertRefused(String chain, String key, String reason) {
    assertThatExceptionOfType(IdentityException.class)
        .isThrownBy(() -> parse(chain, key))
        .withMessageContaining(reason);
  }

  private static Credential parse(String chain, String key) {
    return Credential.parse(chain.getBytes(US_ASCII), key.getBytes(US_ASCII));
  }
}
