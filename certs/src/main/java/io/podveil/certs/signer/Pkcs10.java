package io.podveil.certs.signer;

import io.podveil.certs.signer.SigningRequest.Flaw;
import io.podveil.certs.signer.SigningRequest.Reading;
import java.io.IOException;
import java.io.StringReader;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PublicKey;
import java.security.Signature;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1IA5String;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.pkcs.Attribute;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.ExtensionsGenerator;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;
import org.bouncycastle.util.io.pem.PemObject;
import org.bouncycastle.util.io.pem.PemReader;

/**
 * PKCS#10 as it is accepted here: DER to the letter, a named curve, one SPIFFE id and addresses,
 * nothing else. Narrow on purpose: what passes is handed on to signers elsewhere as it is, and they
 * copy what they find.
 */
final class Pkcs10 {
  private static final int MAX_PEM = 16 * 1024;
  private static final int MAX_ADDRESSES = 16;
  private static final Set<ASN1ObjectIdentifier> CURVES =
      Set.of(SECObjectIdentifiers.secp256r1, SECObjectIdentifiers.secp384r1);
  private static final Map<ASN1ObjectIdentifier, String> SIGNATURES =
      Map.of(
          X9ObjectIdentifiers.ecdsa_with_SHA256, "SHA256withECDSA",
          X9ObjectIdentifiers.ecdsa_with_SHA384, "SHA384withECDSA",
          X9ObjectIdentifiers.ecdsa_with_SHA512, "SHA512withECDSA");

  private Pkcs10() {}

  static Reading read(String pem) {
    try {
      PKCS10CertificationRequest csr = decode(pem);
      PublicKey key = key(csr);
      checkSignature(csr, key);
      return new Reading.Acceptable(new SigningRequest(key, names(csr), pem));
    } catch (Rejection e) {
      return new Reading.Unacceptable(e.flaw, e.detail);
    } catch (IOException | GeneralSecurityException | RuntimeException | StackOverflowError e) {
      // Parsers of hostile input throw what they please, and recurse as deep as it is nested.
      return new Reading.Unacceptable(
          Flaw.UNREADABLE, "the CSR cannot be read: a PKCS#10 request in PEM is expected");
    }
  }

  static SigningRequest create(KeyPair keys, Names names) {
    try {
      var extensions = new ExtensionsGenerator();
      extensions.addExtension(
          Extension.subjectAlternativeName, true, CertificateProfile.alternativeNames(names));
      var csr =
          new JcaPKCS10CertificationRequestBuilder(new X500Name(""), keys.getPublic())
              .addAttribute(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest, extensions.generate())
              .build(new JcaContentSignerBuilder("SHA256withECDSA").build(keys.getPrivate()));
      return new SigningRequest(
          keys.getPublic(), names, Pem.block("CERTIFICATE REQUEST", csr.getEncoded()));
    } catch (IOException | OperatorCreationException e) {
      throw new IllegalStateException("a request made of plain values can be encoded", e);
    }
  }

  private static PKCS10CertificationRequest decode(String pem) throws IOException {
    if (pem.length() > MAX_PEM) {
      throw new Rejection(Flaw.UNREADABLE, "the CSR is larger than 16 KiB");
    }
    try (var reader = new PemReader(new StringReader(pem))) {
      PemObject block = reader.readPemObject();
      if (block == null || !block.getType().equals("CERTIFICATE REQUEST")) {
        throw new Rejection(
            Flaw.UNREADABLE, "the CSR has no PEM block 'CERTIFICATE REQUEST'; send PKCS#10 in PEM");
      }
      if (reader.readPemObject() != null) {
        throw new Rejection(Flaw.UNREADABLE, "the CSR has more than one PEM block");
      }
      var csr = new PKCS10CertificationRequest(block.getContent());
      byte[] canonical = csr.toASN1Structure().getEncoded(ASN1Encoding.DER);
      if (!Arrays.equals(canonical, block.getContent())) {
        throw new Rejection(Flaw.UNREADABLE, "the CSR is not encoded as DER");
      }
      return csr;
    }
  }

  private static PublicKey key(PKCS10CertificationRequest csr) throws IOException {
    SubjectPublicKeyInfo info = csr.getSubjectPublicKeyInfo();
    boolean curve =
        info.getAlgorithm().getParameters() instanceof ASN1ObjectIdentifier oid
            && CURVES.contains(oid);
    if (!info.getAlgorithm().getAlgorithm().equals(X9ObjectIdentifiers.id_ecPublicKey) || !curve) {
      throw new Rejection(Flaw.KEY, "the CSR's key is not EC P-256 or P-384; make such a key");
    }
    return new JcaPEMKeyConverter().getPublicKey(info);
  }

  private static void checkSignature(PKCS10CertificationRequest csr, PublicKey key)
      throws IOException, GeneralSecurityException {
    String algorithm = SIGNATURES.get(csr.getSignatureAlgorithm().getAlgorithm());
    if (algorithm == null) {
      throw new Rejection(Flaw.KEY, "the CSR is not signed with ECDSA and SHA-256, 384 or 512");
    }
    // Not csr.isSignatureValid: Bouncy Castle's verifier for JCA keys does the arithmetic twice,
    // which was a quarter of all the work that a certificate is. What is signed is the DER that
    // came, for decode() compared it.
    Signature signature = Signature.getInstance(algorithm);
    signature.initVerify(key);
    signature.update(
        csr.toASN1Structure().getCertificationRequestInfo().getEncoded(ASN1Encoding.DER));
    if (!signature.verify(csr.getSignature())) {
      throw new Rejection(
          Flaw.UNREADABLE, "the CSR's signature is wrong; sign it with the key that it holds");
    }
  }

  private static Names names(PKCS10CertificationRequest csr) throws UnknownHostException {
    if (csr.getSubject().getRDNs().length > 0) {
      throw new Rejection(Flaw.EXTRAS, "the CSR has a subject; leave it empty");
    }
    List<SpiffeId> ids = new ArrayList<>();
    Set<InetAddress> addresses = new HashSet<>();
    for (GeneralName name : alternativeNames(csr)) {
      switch (name.getTagNo()) {
        case GeneralName.uniformResourceIdentifier -> ids.add(id(name));
        case GeneralName.iPAddress -> addresses.add(address(name));
        default ->
            throw new Rejection(
                Flaw.EXTRAS, "the CSR asks for names that are neither SPIFFE ids nor addresses");
      }
    }
    if (ids.size() != 1) {
      throw new Rejection(
          Flaw.IDENTITY, "the CSR asks for %d identities, not for one".formatted(ids.size()));
    }
    if (addresses.size() > MAX_ADDRESSES) {
      throw new Rejection(Flaw.EXTRAS, "the CSR asks for more than 16 addresses");
    }
    return Names.of(ids.getFirst(), addresses);
  }

  private static GeneralName[] alternativeNames(PKCS10CertificationRequest csr) {
    Attribute[] attributes = csr.getAttributes();
    if (attributes.length == 0) {
      return new GeneralName[0];
    }
    if (attributes.length > 1
        || !attributes[0].getAttrType().equals(PKCSObjectIdentifiers.pkcs_9_at_extensionRequest)
        || attributes[0].getAttrValues().size() != 1) {
      throw new Rejection(Flaw.EXTRAS, "the CSR has attributes besides one extension request");
    }
    Extensions extensions = Extensions.getInstance(attributes[0].getAttrValues().getObjectAt(0));
    ASN1ObjectIdentifier[] oids = extensions.getExtensionOIDs();
    if (oids.length != 1 || !oids[0].equals(Extension.subjectAlternativeName)) {
      throw new Rejection(Flaw.EXTRAS, "the CSR asks for extensions besides subjectAltName");
    }
    return GeneralNames.fromExtensions(extensions, Extension.subjectAlternativeName).getNames();
  }

  private static SpiffeId id(GeneralName name) {
    try {
      SpiffeId id = SpiffeId.parse(ASN1IA5String.getInstance(name.getName()).getString());
      if (!id.isTrustDomain()) {
        return id;
      }
      throw new Rejection(Flaw.IDENTITY, "the CSR asks for a trust domain's own id");
    } catch (IllegalArgumentException e) {
      throw new Rejection(Flaw.IDENTITY, "the CSR's URI is no SPIFFE id: " + e.getMessage());
    }
  }

  private static InetAddress address(GeneralName name) throws UnknownHostException {
    return InetAddress.getByAddress(ASN1OctetString.getInstance(name.getName()).getOctets());
  }

  /** Carries a reason out of the depths of reading; it never leaves this class. */
  private static final class Rejection extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final Flaw flaw;
    private final String detail;

    Rejection(Flaw flaw, String detail) {
      super(detail, null, false, false);
      this.flaw = flaw;
      this.detail = detail;
    }
  }
}
