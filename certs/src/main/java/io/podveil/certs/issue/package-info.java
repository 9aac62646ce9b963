/**
 * From a token and a request to a certificate. {@link io.podveil.certs.issue.Issuance} is the whole
 * way; what may be signed is decided by {@link io.podveil.certs.issue.IssuePolicy}, a pure
 * function, and signed by a {@link io.podveil.certs.issue.Signer}: an authority of our own, or
 * cert-manager's.
 */
@NullMarked
package io.podveil.certs.issue;

import org.jspecify.annotations.NullMarked;
