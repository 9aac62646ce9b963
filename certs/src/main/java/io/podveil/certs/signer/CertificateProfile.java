package io.podveil.certs.signer;

import java.io.IOException;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.Comparator;
import java.util.function.Function;
import java.util.stream.Stream;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;

/**
 * What a certificate says, apart from key, issuer and time: X.509-SVIDs as the SPIFFE specification
 * has them. Who may be called what is decided elsewhere; here it only becomes names and extensions.
 */
record CertificateProfile(X500Name subject, Extensions extensions) {
  private static final X500Name NOBODY = new X500Name("");
  private static final KeyPurposeId[] BOTH_ENDS = {
    KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth
  };

  /** A workload's certificate, good for both ends of a connection. */
  static CertificateProfile leaf(Names names) {
    try {
      var extensions = new ExtensionsGenerator();
      extensions.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
      extensions.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
      extensions.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(BOTH_ENDS));
      // Critical, as the subject is empty (RFC 5280, 4.2.1.6).
      extensions.addExtension(Extension.subjectAlternativeName, true, alternativeNames(names));
      return new CertificateProfile(NOBODY, extensions.generate());
    } catch (IOException e) {
      throw new IllegalStateException("extensions made of plain values can be encoded", e);
    }
  }

  /**
   * An authority of the trust domain.
   *
   * @param commonName tells it from others: a rotation has two roots side by side, and some
   *     verifiers look an issuer up by its name alone
   * @param pathLength how many authorities may stand between it and a leaf
   */
  static CertificateProfile authority(SpiffeId trustDomain, String commonName, int pathLength) {
    try {
      var extensions = new ExtensionsGenerator();
      extensions.addExtension(Extension.basicConstraints, true, new BasicConstraints(pathLength));
      extensions.addExtension(
          Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
      extensions.addExtension(
          Extension.subjectAlternativeName, false, new GeneralNames(uri(trustDomain)));
      return new CertificateProfile(
          new X500Name("O=Podveil,CN=" + commonName), extensions.generate());
    } catch (IOException e) {
      throw new IllegalStateException("extensions made of plain values can be encoded", e);
    }
  }

  /** The names in a fixed order: who, where, and how it is called. */
  static GeneralNames alternativeNames(Names names) {
    Stream<GeneralName> addresses =
        names.addresses().stream()
            .sorted(Comparator.comparing(InetAddress::getAddress, Arrays::compareUnsigned))
            .map(CertificateProfile::ip);
    Stream<GeneralName> dnsNames = names.dnsNames().stream().sorted().map(CertificateProfile::dns);
    return new GeneralNames(
        Stream.of(Stream.of(uri(names.id())), addresses, dnsNames)
            .flatMap(Function.identity())
            .toArray(GeneralName[]::new));
  }

  private static GeneralName uri(SpiffeId id) {
    return new GeneralName(GeneralName.uniformResourceIdentifier, id.toString());
  }

  private static GeneralName ip(InetAddress address) {
    return new GeneralName(GeneralName.iPAddress, new DEROctetString(address.getAddress()));
  }

  private static GeneralName dns(String name) {
    return new GeneralName(GeneralName.dNSName, name);
  }
}
