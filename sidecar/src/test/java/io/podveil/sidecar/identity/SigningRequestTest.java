package io.podveil.sidecar.identity;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.podveil.sidecar.testbed.Issued;
import io.podveil.sidecar.testbed.TestAuthority;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.Set;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SigningRequestTest {
  private static final SpiffeId CART = SpiffeId.parse("spiffe://cluster.local/ns/shop/sa/cart");
  private static final Set<InetAddress> ADDRESSES =
      Set.of(InetAddress.ofLiteral("10.0.0.1"), InetAddress.ofLiteral("fd00::1"));

  @TempDir Path directory;

  @Test
  void asksForOneIdentityAndTheAddressesAndNothingElse() throws Exception {
    SigningRequest request = SigningRequest.create(CART, ADDRESSES);

    JcaPKCS10CertificationRequest csr = parse(request);

    assertThat(
            csr.isSignatureValid(new JcaContentVerifierProviderBuilder().build(csr.getPublicKey())))
        .isTrue();
    assertThat(csr.getPublicKey()).isEqualTo(request.keys().getPublic());
    assertThat(csr.getSubject().getRDNs()).isEmpty();
    assertThat(csr.getAttributes()).hasSize(1);
    assertThat(csr.getRequestedExtensions().getExtensionOIDs())
        .containsExactly(Extension.subjectAlternativeName);
    GeneralNames names =
        GeneralNames.fromExtensions(csr.getRequestedExtensions(), Extension.subjectAlternativeName);
    assertThat(Arrays.stream(names.getNames()).map(Object::toString))
        .containsExactly("6: " + CART, "7: #0a000001", "7: #fd000000000000000000000000000001");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 63, 100, 300, 1500})
  void isDerWhateverItsLength(int length) throws Exception {
    SpiffeId id = new SpiffeId("cluster.local", "/ns/shop/sa/" + "a".repeat(length));

    JcaPKCS10CertificationRequest csr = parse(SigningRequest.create(id, ADDRESSES));

    assertThat(csr.toASN1Structure().getEncoded(ASN1Encoding.DER)).isEqualTo(csr.getEncoded());
  }

  @Test
  void isWhatOpensslTakesForARequest() throws Exception {
    Path file =
        Files.writeString(
            directory.resolve("csr.pem"), SigningRequest.create(CART, ADDRESSES).pem());

    Process openssl =
        new ProcessBuilder("openssl", "req", "-verify", "-noout", "-text", "-in", file.toString())
            .redirectErrorStream(true)
            .start();

    assertThat(new String(openssl.getInputStream().readAllBytes(), US_ASCII))
        .containsIgnoringCase("verify ok")
        .contains("URI:" + CART + ", IP Address:10.0.0.1, IP Address:FD00:0:0:0:0:0:0:1");
    assertThat(openssl.waitFor()).isZero();
  }

  @Test
  void everyRequestHasAKeyOfItsOwnAndShowsItNowhere() {
    SigningRequest one = SigningRequest.create(CART, ADDRESSES);
    SigningRequest other = SigningRequest.create(CART, ADDRESSES);

    assertThat(one.keys().getPublic()).isNotEqualTo(other.keys().getPublic());
    assertThat(one).hasToString("request for " + CART);
  }

  @Test
  void takesTheCertificateThatWasIssuedUponIt() {
    SigningRequest request = SigningRequest.create(CART, ADDRESSES);
    Issued issued =
        TestAuthority.create()
            .leaf()
            .id("ns/shop/sa/cart")
            .addresses("10.0.0.1", "fd00::1", "10.0.0.9")
            .publicKey(request.keys().getPublic())
            .issue();

    Credential credential = Credential.issued(issued.chainPem().getBytes(US_ASCII), request);

    assertThat(credential.key()).isEqualTo(request.keys().getPrivate());
    assertThat(credential.id()).isEqualTo(CART);
  }

  @Test
  void refusesACertificateOfAnotherKey() {
    Issued issued = TestAuthority.create().issue("ns/shop/sa/cart", "10.0.0.1", "fd00::1");

    assertThatExceptionOfType(IdentityException.class)
        .isThrownBy(() ->
            Credential.issued(
                issued.chainPem().getBytes(US_ASCII), SigningRequest.create(CART, ADDRESSES)))
        .withMessage("its certificate is for another key than ours");
  }

  private static JcaPKCS10CertificationRequest parse(SigningRequest request) throws Exception {
    String base64 = request.pem().replaceAll("-----[A-Z ]+-----", "");
    return new JcaPKCS10CertificationRequest(
        Base64.getMimeDecoder().decode(base64.getBytes(US_ASCII)));
  }
}
