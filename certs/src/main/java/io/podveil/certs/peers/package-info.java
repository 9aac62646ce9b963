/**
 * Who lives at an address. {@link io.podveil.certs.peers.PeerDirectory} answers from what is known
 * of the cluster; a {@link io.podveil.certs.peers.PeerAnswer} is a pod, a Service, or nothing
 * known.
 */
@NullMarked
package io.podveil.certs.peers;

import org.jspecify.annotations.NullMarked;
