package io.podveil.sidecar.identity;

import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertPathValidatorException.BasicReason;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateParsingException;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * One judgement of one chain. The JDK's PKIX validation does signatures, names, lengths and
 * critical extensions; it was seen to let a third of hostile chains through, so the rules that
 * matter to us are checked on top, and whatever it throws, checked or not, is a refusal.
 */
record PathVerifier(List<X509Certificate> roots, Usage usage, Instant at) {

  private static final int MAX_CERTIFICATES = 10;
  private static final int MAX_BYTES = 64 * 1024;
  // What both engines can use; BoringSSL does without P-521.
  private static final Set<Integer> EC_BITS = Set.of(256, 384);
  private static final int MIN_RSA_BITS = 2048;
  // Larger ones make a verification slow enough to be an attack on the event loop.
  private static final int MAX_RSA_BITS = 8192;
  private static final int MAX_SERIAL_BITS = 160;
  private static final int KEY_CERT_SIGN = 5;
  private static final String NAME_CONSTRAINTS = "2.5.29.30";
  private static final String ANY_USAGE = "2.5.29.37.0";

  Svid verify(List<X509Certificate> presented) throws FlawedCertificateException {
    try {
      return search(reread(presented));
    } catch (FlawedCertificateException e) {
      throw e;
    } catch (Throwable e) {
      // UnsupportedOperationException and StackOverflowError were both seen: never an acceptance.
      throw new FlawedCertificateException(Flaw.MALFORMED, "it can't be judged: " + named(e));
    }
  }

  /** The JDK's own objects for the same bytes: TLS engines hand over others, lazy and unbounded. */
  private static List<X509Certificate> reread(List<X509Certificate> presented)
      throws FlawedCertificateException, CertificateException {
    if (presented.isEmpty() || presented.size() > MAX_CERTIFICATES) {
      throw new FlawedCertificateException(
          Flaw.TOO_LARGE, "its chain has " + presented.size() + " certificates");
    }
    CertificateFactory factory = CertificateFactory.getInstance("X.509");
    List<X509Certificate> chain = new ArrayList<>(presented.size());
    int total = 0;
    for (X509Certificate certificate : presented) {
      byte[] der = certificate.getEncoded();
      total += der.length;
      if (total > MAX_BYTES) {
        throw new FlawedCertificateException(
            Flaw.TOO_LARGE, "its chain is larger than " + MAX_BYTES / 1024 + " KiB");
      }
      X509Certificate read =
          (X509Certificate) factory.generateCertificate(new ByteArrayInputStream(der));
      checkEncoding(read, der);
      chain.add(read);
    }
    return chain;
  }

  /**
   * The JDK's parser takes PEM, passes over what follows a certificate, and shortens a signature
   * whose bit string says that some of its bits are unused. None of that is DER.
   */
  private static void checkEncoding(X509Certificate read, byte[] der)
      throws FlawedCertificateException, CertificateException {
    int unusedBits = der.length - read.getSignature().length - 1;
    if (!Arrays.equals(read.getEncoded(), der) || der[unusedBits] != 0) {
      throw new FlawedCertificateException(Flaw.MALFORMED, "its encoding is not DER");
    }
  }

  /**
   * Finds the shortest part of the chain that one of the roots vouches for. A peer may send more
   * than is needed, such as the root itself or a cross-signed older one.
   */
  private Svid search(List<X509Certificate> chain)
      throws FlawedCertificateException, GeneralSecurityException {
    FlawedCertificateException worst = unknownAuthority(chain.getLast());
    for (int length = 1; length <= chain.size(); length++) {
      List<X509Certificate> path = chain.subList(0, length);
      for (X509Certificate root : roots) {
        if (root.getSubjectX500Principal().equals(path.getLast().getIssuerX500Principal())) {
          try {
            return judge(path, root);
          } catch (FlawedCertificateException e) {
            // Another root of the same name may fit. If none does, a flaw of the certificate says
            // more than that one root has not signed it.
            worst = worst.flaw() == Flaw.UNKNOWN_AUTHORITY ? e : worst;
          }
        }
      }
    }
    throw worst;
  }

  private Svid judge(List<X509Certificate> path, X509Certificate root)
      throws FlawedCertificateException, GeneralSecurityException {
    // Not its beginning: a root is believed because it was given to us, and a leaf back-dated
    // against
    // skewed clocks may well be older than the root it comes from.
    Instant rootEnds = root.getNotAfter().toInstant();
    if (at.isAfter(rootEnds)) {
      throw new FlawedCertificateException(
          Flaw.EXPIRED, "the trust root that vouches for it expired at " + rootEnds);
    }
    checkPath(path, root);
    Svid svid = Svid.of(path);
    Instant notAfter = rootEnds.isBefore(svid.notAfter()) ? rootEnds : svid.notAfter();
    return new Svid(svid.id(), svid.addresses(), svid.notBefore(), notAfter);
  }

  private void checkPath(List<X509Certificate> path, X509Certificate root)
      throws FlawedCertificateException, GeneralSecurityException {
    PKIXParameters parameters = new PKIXParameters(Set.of(anchor(root)));
    // Of a root the JDK takes the name and the key, and none of the limits that it was given.
    if (path.size() - 1 > root.getBasicConstraints()) {
      throw new FlawedCertificateException(
          Flaw.MALFORMED, "its chain is longer than its trust root allows");
    }
    parameters.setRevocationEnabled(false);
    parameters.setDate(Date.from(at));
    try {
      CertPathValidator.getInstance("PKIX")
          .validate(
              CertificateFactory.getInstance("X.509").generateCertPath(links(path, root)),
              parameters);
    } catch (CertPathValidatorException e) {
      throw translated(e, path);
    }
    for (X509Certificate certificate : path) {
      checkCommon(certificate);
      checkKey(certificate);
    }
    for (X509Certificate intermediate : path.subList(1, path.size())) {
      boolean[] allowed = intermediate.getKeyUsage();
      if (allowed == null || !allowed[KEY_CERT_SIGN]) {
        throw new FlawedCertificateException(
            Flaw.UNKNOWN_AUTHORITY, "an intermediate in its chain may not sign certificates");
      }
    }
  }

  /**
   * A root with name constraints is a link of the path as well, signed by itself: as an anchor the
   * JDK refuses to hear of them.
   */
  private static TrustAnchor anchor(X509Certificate root) {
    return isConstrained(root)
        ? new TrustAnchor(root.getSubjectX500Principal(), root.getPublicKey(), null)
        : new TrustAnchor(root, null);
  }

  private static List<X509Certificate> links(List<X509Certificate> path, X509Certificate root) {
    return isConstrained(root) ? Stream.concat(path.stream(), Stream.of(root)).toList() : path;
  }

  private static boolean isConstrained(X509Certificate root) {
    return root.getExtensionValue(NAME_CONSTRAINTS) != null;
  }

  private void checkCommon(X509Certificate certificate)
      throws FlawedCertificateException, CertificateParsingException {
    BigInteger serial = certificate.getSerialNumber();
    if (certificate.getVersion() != 3
        || serial.signum() <= 0
        || serial.bitLength() > MAX_SERIAL_BITS) {
      throw new FlawedCertificateException(
          Flaw.MALFORMED, "its version or serial number is not one that RFC 5280 allows");
    }
    List<String> extended = certificate.getExtendedKeyUsage();
    if (extended != null && !extended.contains(usage.oid()) && !extended.contains(ANY_USAGE)) {
      throw new FlawedCertificateException(
          Flaw.WRONG_USAGE, "its extended key usage does not allow " + usage);
    }
  }

  private static void checkKey(X509Certificate certificate) throws FlawedCertificateException {
    boolean fit =
        switch (certificate.getPublicKey()) {
          case ECPublicKey ec -> EC_BITS.contains(ec.getParams().getOrder().bitLength());
          case RSAPublicKey rsa -> {
            int bits = rsa.getModulus().bitLength();
            yield bits >= MIN_RSA_BITS && bits <= MAX_RSA_BITS;
          }
          default -> false;
        };
    if (!fit) {
      throw new FlawedCertificateException(
          Flaw.MALFORMED, "its chain has a key other than EC P-256, P-384, or RSA of 2048 bits");
    }
  }

  private FlawedCertificateException translated(
      CertPathValidatorException e, List<X509Certificate> path) throws FlawedCertificateException {
    for (X509Certificate certificate : path) {
      checkTime(
          certificate, certificate.equals(path.getFirst()) ? "it" : "an intermediate in its chain");
    }
    if (e.getReason() == BasicReason.INVALID_SIGNATURE) {
      return unknownAuthority(path.getLast());
    }
    return new FlawedCertificateException(Flaw.MALFORMED, "it breaks X.509's rules: " + named(e));
  }

  private void checkTime(X509Certificate certificate, String what)
      throws FlawedCertificateException {
    Instant begin = certificate.getNotBefore().toInstant();
    Instant end = certificate.getNotAfter().toInstant();
    if (at.isAfter(end)) {
      throw new FlawedCertificateException(Flaw.EXPIRED, what + " expired at " + end);
    }
    if (at.isBefore(begin)) {
      throw new FlawedCertificateException(
          Flaw.NOT_YET_VALID, what + " is not valid before " + begin + ", and it is " + at);
    }
  }

  private FlawedCertificateException unknownAuthority(X509Certificate last) {
    return new FlawedCertificateException(
        Flaw.UNKNOWN_AUTHORITY,
        "it was issued by "
            + Quoted.of(last.getIssuerX500Principal().getName())
            + ", which is none of our "
            + roots.size()
            + " trust roots");
  }

  private static String named(Throwable e) {
    return e.getMessage() == null ? e.getClass().getSimpleName() : Quoted.of(e.getMessage());
  }
}
