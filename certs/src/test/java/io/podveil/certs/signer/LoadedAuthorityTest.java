package io.podveil.certs.signer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Authorities that someone brings along, good ones and others. */
final class LoadedAuthorityTest {
  private static final InstantSource CLOCK = InstantSource.system();
  private static final SpiffeId WEB = SpiffeId.ofServiceAccount("cluster.local", "shop", "web");
  private static final List<InetAddress> ADDRESS = List.of(InetAddress.ofLiteral("10.0.0.2"));

  private final LocalSigner good = LocalSigner.create("cluster.local", CLOCK);

  @Test
  void garbageIsRefusedWithAReason() {
    for (String garbage : List.of("", "garbage", "\u0000\u0001", pem("CERTIFICATE", "AAAA"))) {
      assertThatThrownBy(() -> LocalSigner.load(garbage, good.keyPem(), CLOCK))
          .isInstanceOf(SignerException.class)
          .hasMessageContaining("PEM is expected");
    }
    for (String garbage : List.of("", "garbage", pem("PRIVATE KEY", "AAAA"), good.rootsPem())) {
      assertThatThrownBy(() -> LocalSigner.load(good.rootsPem(), garbage, CLOCK))
          .isInstanceOf(SignerException.class)
          .hasMessageContaining("PKCS#8");
    }
  }

  @Test
  void keyAndCertificateMustBelongTogether() {
    LocalSigner other = LocalSigner.create("cluster.local", CLOCK);
    assertThatThrownBy(() -> LocalSigner.load(good.rootsPem(), other.keyPem(), CLOCK))
        .isInstanceOf(SignerException.class)
        .hasMessageContaining("do not belong together");
  }

  @Test
  void aLeafIsNoAuthority() {
    Credential leaf = good.issue(WEB, ADDRESS, Duration.ofHours(1));
    String chain = leaf.chainPem() + leaf.rootsPem();
    assertThatThrownBy(() -> LocalSigner.load(chain, leaf.keyPem(), CLOCK))
        .isInstanceOf(SignerException.class)
        .hasMessageContaining("CA=true");
  }

  @Test
  void anIntermediateOfOpensslSignsWithItsRootBehindIt(@TempDir Path dir) throws Exception {
    Openssl.run(dir, "ecparam -name secp384r1 -genkey -noout -out root.key");
    Openssl.run(
        dir,
        "req -x509 -new -key root.key -subj /CN=root -days 9 -addext keyUsage=keyCertSign -out root.pem");
    Openssl.run(dir, "req -new -newkey rsa:2048 -noenc -keyout mid.key -subj /CN=mid -out mid.csr");
    Files.writeString(
        dir.resolve("ext"), "basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign\n");
    Openssl.run(
        dir,
        "x509 -req -in mid.csr -CA root.pem -CAkey root.key -days 5 -extfile ext -out mid.pem");
    String chain =
        Files.readString(dir.resolve("mid.pem")) + Files.readString(dir.resolve("root.pem"));
    String key = Files.readString(dir.resolve("mid.key"));

    LocalSigner signer = LocalSigner.load(chain, key, CLOCK);
    IssuedCertificate issued = signer.issue(WEB, ADDRESS, Duration.ofDays(365)).certificate();

    assertThat(signer.trustDomain()).isEmpty();
    assertThat(issued.chain()).hasSize(2);
    assertThat(issued.roots()).hasSize(1);
    assertThat(issued.notAfter()).isEqualTo(issued.chain().get(1).getNotAfter().toInstant());
    Files.writeString(dir.resolve("chain.pem"), issued.chainPem());
    assertThat(
            Openssl.run(dir, "verify -x509_strict -CAfile root.pem -untrusted chain.pem chain.pem"))
        .contains("OK");

    assertThatThrownBy(() -> LocalSigner.load(Files.readString(dir.resolve("mid.pem")), key, CLOCK))
        .isInstanceOf(SignerException.class)
        .hasMessageContaining("root last");
    assertThatThrownBy(() -> LocalSigner.load(firstOf(chain) + good.rootsPem(), key, CLOCK))
        .isInstanceOf(SignerException.class)
        .hasMessageContaining("not signed by the one after it");
  }

  @Test
  void readsKeysAsOpensslWritesThem(@TempDir Path dir) throws Exception {
    Openssl.run(dir, "ecparam -name prime256v1 -genkey -out sec1.key");
    Openssl.run(dir, "req -x509 -new -key sec1.key -subj /CN=root -days 9 -out root.pem");
    LocalSigner signer =
        LocalSigner.load(
            Files.readString(dir.resolve("root.pem")),
            Files.readString(dir.resolve("sec1.key")),
            CLOCK);
    assertThat(signer.issue(WEB, ADDRESS, Duration.ofHours(1)).certificate().chain()).hasSize(1);
  }

  private static String firstOf(String chain) {
    String end = "-----END CERTIFICATE-----\n";
    return chain.substring(0, chain.indexOf(end) + end.length());
  }

  private static String pem(String label, String body) {
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n".formatted(label, body, label);
  }
}
