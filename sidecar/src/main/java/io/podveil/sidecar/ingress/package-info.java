/**
 * What arrives at the pod: the listener, telling TLS from plaintext, the decision (deliver, and as
 * whom), and delivering from the client's own address and port.
 */
@NullMarked
package io.podveil.sidecar.ingress;

import org.jspecify.annotations.NullMarked;
