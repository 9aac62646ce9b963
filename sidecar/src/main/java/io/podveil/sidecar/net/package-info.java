/**
 * Sockets: listening transparently, dialling with a mark or as somebody else, reading the original
 * destination, splicing, finding dead peers. This is the one dangerous place: native calls, raw
 * socket options and whatever Netty calls unstable stay in here; everything above sees addresses
 * and channels.
 */
@NullMarked
package io.podveil.sidecar.net;

import org.jspecify.annotations.NullMarked;
