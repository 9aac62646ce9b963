/**
 * Mutual TLS between pods. {@link Tls} holds the contexts of the identity in force and makes a
 * handler for each connection; a handshake admits whom the trust roots vouch for, and no further:
 * whether the peer may live at an address, or may ask for something, is decided by who made the
 * connection, from its {@link PeerIdentity}. Why a handshake failed is a {@link HandshakeFailure}.
 * TLS 1.3 only, nothing is resumed, and nothing here waits for a file or for the network.
 */
@NullMarked
package io.podveil.sidecar.tls;

import org.jspecify.annotations.NullMarked;
