/**
 * Sockets and addresses: the one place for raw socket options and what Netty calls unstable.
 *
 * <p>{@link io.podveil.sidecar.net.Cidr} and {@link io.podveil.sidecar.net.Ports} are the values in
 * which an operator says what is meant by "there"; they never ask a name server.
 */
@NullMarked
package io.podveil.sidecar.net;

import org.jspecify.annotations.NullMarked;
