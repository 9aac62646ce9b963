/**
 * What the app sends out: the listener, the decision (where to, and whether as mutual TLS), and
 * carrying it out.
 */
@NullMarked
package io.podveil.sidecar.egress;

import org.jspecify.annotations.NullMarked;
