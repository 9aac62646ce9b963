package io.podveil.sidecar.identity;

/** What is wrong with a certificate: few enough to be counted one by one. */
public enum Flaw {
  /** Its time is over. */
  EXPIRED,
  /** Its time has not come. */
  NOT_YET_VALID,
  /** It leads to none of the trust roots. */
  UNKNOWN_AUTHORITY,
  /** It is an SVID, of another trust domain. */
  WRONG_TRUST_DOMAIN,
  /** It breaks the X.509-SVID rules: not exactly one SPIFFE id, or made for signing others. */
  NOT_AN_SVID,
  /** It was issued for another use: its key usage or extended key usage forbids this one. */
  WRONG_USAGE,
  /** It is larger, or its chain longer, than any honest one. */
  TOO_LARGE,
  /** It can't be read, or breaks the rules of X.509 itself. */
  MALFORMED
}
