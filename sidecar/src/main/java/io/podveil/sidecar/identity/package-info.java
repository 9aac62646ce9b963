/**
 * Who this pod is. A {@link Credential} (certificate chain and private key) together with the
 * {@link TrustBundle} it is judged by makes an {@link Identity}; {@link IdentityFiles} reads one
 * from PEM files and watches them. Names are {@link SpiffeId}s, and the rules that make a
 * certificate an {@link Svid} are the same for our own certificate and for a peer's: {@link
 * TrustBundle#verify}. Nothing here opens a socket, and no private key is ever logged or printed.
 */
@NullMarked
package io.podveil.sidecar.identity;

import org.jspecify.annotations.NullMarked;
