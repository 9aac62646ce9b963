package io.podveil.certs.signer;

import java.security.KeyPair;
import java.security.PublicKey;

/**
 * A PKCS#10 request whose signature was checked: whoever made it has the private key.
 *
 * @param key what is to be certified, EC P-256 or P-384
 * @param names what the request asks to be called
 * @param pem the request as it came, for signers elsewhere
 */
public record SigningRequest(PublicKey key, Names names, String pem) {

  /** What became of a text that should be a request. */
  public sealed interface Reading {
    /** It is one. */
    record Acceptable(SigningRequest request) implements Reading {}

    /** It is none, or not one that may be signed; {@code detail} is for the one who sent it. */
    record Unacceptable(Flaw flaw, String detail) implements Reading {}
  }

  /** In what way a request is not acceptable. */
  public enum Flaw {
    /** Not a request at all, or its signature is wrong. */
    UNREADABLE,
    /** A key of another kind. */
    KEY,
    /** Not exactly one SPIFFE id. */
    IDENTITY,
    /** It asks for something else besides one SPIFFE id and addresses. */
    EXTRAS
  }

  /** Reads a workload's request. Never throws, whatever the text is. */
  public static Reading read(String pem) {
    return Pkcs10.read(pem);
  }

  /** Makes a request. */
  public static SigningRequest create(KeyPair keys, Names names) {
    return Pkcs10.create(keys, names);
  }
}
