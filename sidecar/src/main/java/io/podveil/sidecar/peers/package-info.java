/**
 * What is known of the addresses that the app dials. A {@link Peer} is what podveil-certs says
 * lives there; the {@link PeerDirectory} asks once for each address, keeps the answers fresh while
 * they are in use, and stands by the last one while nobody answers. It decides nothing.
 */
@NullMarked
package io.podveil.sidecar.peers;

import org.jspecify.annotations.NullMarked;
