/**
 * Sockets: listening transparently, dialling with a mark or as somebody else, reading the original
 * destination, splicing, finding dead peers. This is the one dangerous place: native calls, raw
 * socket options and whatever Netty calls unstable stay in here; everything above sees addresses
 * and channels.
 *
 * <p>{@link io.podveil.sidecar.net.Cidr} and {@link io.podveil.sidecar.net.Ports} are the values in
 * which an operator says what is meant by "there"; they never ask a name server.
 */
@NullMarked
package io.podveil.sidecar.net;

import org.jspecify.annotations.NullMarked;
