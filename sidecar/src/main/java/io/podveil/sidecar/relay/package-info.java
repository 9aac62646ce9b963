/**
 * Two channels, both directions, until both ended. The edges translate what TCP, TLS or podveil/1
 * say into one language (bytes, END, ABORT); {@code Relay} passes it on and keeps the books of the
 * connection; {@code Connections} knows all that live, bounds them, and drains them. {@code
 * FastPath} is a shorter way for bytes while nothing else goes by.
 */
@NullMarked
package io.podveil.sidecar.relay;

import org.jspecify.annotations.NullMarked;
