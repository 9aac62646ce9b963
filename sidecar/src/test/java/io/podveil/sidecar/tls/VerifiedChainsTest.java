package io.podveil.sidecar.tls;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.podveil.sidecar.identity.FlawedCertificateException;
import io.podveil.sidecar.identity.Svid;
import io.podveil.sidecar.identity.Usage;
import io.podveil.sidecar.testbed.Issued;
import io.podveil.sidecar.testbed.TestAuthority;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class VerifiedChainsTest {

  private final TestAuthority authority = TestAuthority.create();
  private final VerifiedChains chains = new VerifiedChains();
  private int verifications;

  @Test
  void verifiesAChainOnce() throws Exception {
    List<X509Certificate> chain = authority.issue("ns/shop/sa/cart").chain();

    for (int i = 0; i < 5; i++) {
      verify(chain, Instant.now());
    }

    assertThat(verifications).isOne();
  }

  @Test
  void saysEachTimeWhoTheHolderIs() throws Exception {
    List<X509Certificate> cart = authority.issue("ns/shop/sa/cart", "10.0.0.1").chain();
    List<X509Certificate> web = authority.issue("ns/shop/sa/web", "10.0.0.2").chain();

    for (int i = 0; i < 2; i++) {
      assertThat(verify(cart, Instant.now()).id()).isEqualTo(Svid.of(cart).id());
      assertThat(verify(web, Instant.now()).id()).isEqualTo(Svid.of(web).id());
      assertThat(verify(web, Instant.now()).addresses()).isEqualTo(Svid.of(web).addresses());
    }
  }

  @Test
  void verifiesAgainOnceItsTimeIsOver() throws Exception {
    Issued issued = authority.issue("ns/shop/sa/cart");
    Instant end = issued.leaf().getNotAfter().toInstant();
    verify(issued.chain(), end.minusSeconds(1));

    for (int i = 0; i < 3; i++) {
      assertThatThrownBy(() -> verify(issued.chain(), end.plusSeconds(1)))
          .isInstanceOf(FlawedCertificateException.class);
    }

    assertThat(verifications).isEqualTo(4);
  }

  @Test
  void aChainIsTheWholeOfIt() throws Exception {
    List<X509Certificate> chain = authority.intermediate().issue("ns/shop/sa/cart").chain();
    verify(chain, Instant.now());

    assertThatThrownBy(() -> verify(chain.subList(0, 1), Instant.now()))
        .isInstanceOf(FlawedCertificateException.class);
    assertThat(verifications).isEqualTo(2);
  }

  @Test
  void whatIsRefusedIsNotKept() {
    List<X509Certificate> chain = TestAuthority.create().issue("ns/shop/sa/cart").chain();

    for (int i = 0; i < 3; i++) {
      assertThatThrownBy(() -> verify(chain, Instant.now()))
          .isInstanceOf(FlawedCertificateException.class);
    }

    assertThat(verifications).isEqualTo(3);
  }

  @Test
  void theOneUnusedForLongestGoesFirst() throws Exception {
    List<List<X509Certificate>> peers = new ArrayList<>();
    for (int i = 0; i < 513; i++) {
      peers.add(authority.issue("ns/shop/sa/p" + i).chain());
    }
    for (List<X509Certificate> peer : peers) {
      verify(peers.getFirst(), Instant.now());
      verify(peer, Instant.now());
    }
    assertThat(verifications).isEqualTo(513);

    verify(peers.getFirst(), Instant.now());
    assertThat(verifications).isEqualTo(513);
    verify(peers.get(1), Instant.now());
    assertThat(verifications).isEqualTo(514);
  }

  private Svid verify(List<X509Certificate> chain, Instant at) throws Exception {
    return chains.verify(chain, at, now -> count(chain, now));
  }

  private Svid count(List<X509Certificate> chain, Instant now) throws FlawedCertificateException {
    verifications++;
    return authority.roots().verify(chain, TestAuthority.TRUST_DOMAIN, Usage.CLIENT, now);
  }
}
