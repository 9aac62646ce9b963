package io.podveil.sidecar.tls;

import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.OpenSslCertificateException;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.internal.tcnative.CertificateVerifier;
import io.netty.internal.tcnative.SSL;
import io.podveil.sidecar.identity.FlawedCertificateException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertPathValidatorException.BasicReason;
import java.security.cert.CertificateException;
import java.util.function.Consumer;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;

/** Who does the cryptography, and what each of the two wants to be told in its own way. */
public enum TlsEngine {

  /**
   * Through tcnative: 2.8 times less CPU for a byte than the JDK, 3.6 times less for a handshake.
   */
  BORINGSSL {
    @Override
    void configure(SslContextBuilder builder) {
      builder
          .sslProvider(SslProvider.OPENSSL_REFCNT)
          .option(OpenSslContextOption.GROUPS, GROUPS)
          .option(OpenSslContextOption.MAX_CERTIFICATE_LIST_BYTES, MAX_CERTIFICATE_BYTES);
    }

    @Override
    void configure(SSLEngine engine) {
      // Netty's engines issue tickets in TLS 1.3 even where the context says no.
      SSL.setOptions(((ReferenceCountedOpenSslEngine) engine).sslPointer(), SSL.SSL_OP_NO_TICKET);
    }

    @Override
    void beforeTickets(SSLEngine server) {}

    // Without a code the peer would be told internal_error, and its log would blame us.
    @Override
    CertificateException refusal(FlawedCertificateException e) {
      int code =
          switch (e.flaw()) {
            case EXPIRED -> CertificateVerifier.X509_V_ERR_CERT_HAS_EXPIRED;
            case NOT_YET_VALID -> CertificateVerifier.X509_V_ERR_CERT_NOT_YET_VALID;
            case UNKNOWN_AUTHORITY ->
                CertificateVerifier.X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
            case WRONG_USAGE -> CertificateVerifier.X509_V_ERR_INVALID_PURPOSE;
            case WRONG_TRUST_DOMAIN, NOT_AN_SVID, TOO_LARGE, MALFORMED ->
                CertificateVerifier.X509_V_ERR_CERT_REJECTED;
          };
      return new OpenSslCertificateException(e.getMessage(), e, code);
    }
  },

  /** What every JDK has, for platforms without a native library. */
  JDK {
    @Override
    void configure(SslContextBuilder builder) {
      builder.sslProvider(SslProvider.JDK);
    }

    @Override
    void configure(SSLEngine engine) {
      SSLParameters parameters = engine.getSSLParameters();
      parameters.setNamedGroups(new String[] {"x25519", "secp256r1"});
      engine.setSSLParameters(parameters);
    }

    @Override
    void beforeTickets(SSLEngine server) {
      // The JDK has no setting for one engine, but gives no ticket for a session that is over.
      server.getHandshakeSession().invalidate();
    }

    // The JDK picks the alert by the reason of a validator's exception, if that is the cause.
    @Override
    CertificateException refusal(FlawedCertificateException e) {
      BasicReason reason =
          switch (e.flaw()) {
            case EXPIRED -> BasicReason.EXPIRED;
            case NOT_YET_VALID -> BasicReason.NOT_YET_VALID;
            case WRONG_USAGE -> BasicReason.ALGORITHM_CONSTRAINED;
            case UNKNOWN_AUTHORITY, WRONG_TRUST_DOMAIN, NOT_AN_SVID, TOO_LARGE, MALFORMED ->
                BasicReason.UNSPECIFIED;
          };
      return new CertificateException(
          e.getMessage(), new CertPathValidatorException(e.getMessage(), e, null, -1, reason));
    }
  };

  /**
   * The property is for the benchmark, where others do without protection from quantum computers.
   */
  private static final String[] GROUPS =
      System.getProperty("podveil.groups", "X25519MLKEM768,X25519,P-256").split(",");

  private static final int MAX_CERTIFICATE_BYTES = 64 * 1024;

  /** BoringSSL, or where it can't be loaded the JDK, said once to whoever reads the warnings. */
  public static TlsEngine best(Consumer<String> warnings) {
    if (OpenSsl.isAvailable()) {
      return BORINGSSL;
    }
    warnings.accept(
        "BoringSSL can't be loaded ("
            + OpenSsl.unavailabilityCause().getMessage()
            + "); TLS is done by the JDK, at about three times the CPU");
    return JDK;
  }

  abstract void configure(SslContextBuilder builder);

  /** Settings of one connection; among them, where it can be set, that nobody may resume it. */
  abstract void configure(SSLEngine engine);

  /** Called in a server's handshake before tickets are sent: there should be none. */
  abstract void beforeTickets(SSLEngine server);

  /** The exception that makes this engine tell the peer what is wrong with its certificate. */
  abstract CertificateException refusal(FlawedCertificateException e);
}
