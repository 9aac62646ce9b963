package io.podveil.sidecar.identity;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.podveil.sidecar.testbed.Issued;
import io.podveil.sidecar.testbed.TestAuthority;
import java.io.ByteArrayInputStream;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;

/**
 * What strangers send, and what broken tools write. Runs over the inputs in src/test/resources
 * beside it. To look for new ones:
 *
 * <pre>JAZZER_FUZZ=1 mvn -pl sidecar -am test -Dtest=IdentityFuzzTest#aPeersCertificate
 *     -Djazzer.hooks=true -Dsurefire.failIfNoSpecifiedTests=false</pre>
 *
 * A finding is saved among those inputs; commit it with the fix.
 */
final class IdentityFuzzTest {

  private static final TestAuthority AUTHORITY = TestAuthority.create();
  private static final Issued CART = AUTHORITY.issue("ns/shop/sa/cart");

  @FuzzTest(maxDuration = "1m")
  void aSpiffeId(byte[] input) {
    String uri = new String(input, ISO_8859_1);
    try {
      if (!SpiffeId.parse(uri).toString().equals(uri)) {
        throw new AssertionError("read as another id");
      }
    } catch (IllegalArgumentException refused) {
      // As it may.
    }
  }

  @FuzzTest(maxDuration = "1m")
  void aFile(byte[] input) {
    refusedAtMost(() -> TrustBundle.parse(input));
    refusedAtMost(() -> Credential.parse(input, CART.keyPem().getBytes(US_ASCII)));
    refusedAtMost(() -> Credential.parse(CART.chainPem().getBytes(US_ASCII), input));
  }

  @FuzzTest(maxDuration = "1m")
  void aPeersCertificate(byte[] der) {
    X509Certificate certificate;
    try {
      certificate =
          (X509Certificate)
              CertificateFactory.getInstance("X.509")
                  .generateCertificate(new ByteArrayInputStream(der));
    } catch (CertificateException e) {
      return;
    }
    try {
      AUTHORITY
          .roots()
          .verify(List.of(certificate), TestAuthority.TRUST_DOMAIN, Usage.CLIENT, Instant.now());
      throw new AssertionError("accepted what our authority has not signed");
    } catch (FlawedCertificateException refused) {
      // As it must.
    }
  }

  private static void refusedAtMost(Runnable parser) {
    try {
      parser.run();
    } catch (IdentityException refused) {
      // As it may.
    }
  }
}
