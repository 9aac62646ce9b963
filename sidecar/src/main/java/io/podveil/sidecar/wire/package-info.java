/**
 * The bytes between two sidecars: podveil/1, inside TLS.
 *
 * <p>Each direction is a sequence of frames, one byte of type and three of length before the
 * payload: DATA, END (this direction is complete), ABORT (the app's side broke), HELLO (the client
 * opens an app connection) and ACCEPT (the server's app took it). TLS alone can carry neither a
 * half-close nor a reset; here an end that no END announced is an abort, so a truncated stream is
 * never taken for a complete one. {@link io.podveil.sidecar.wire.FrameCodec} is the way in: {@code
 * FrameReader} cuts bytes into messages and {@code FrameWriter} turns messages into bytes, {@code
 * Conversation} says who may send what at a given moment, {@code HelloFormat} is the inside of a
 * HELLO. When both directions have ended, the next app connection may follow on the same TLS
 * connection. {@link io.podveil.sidecar.wire.HeadroomAllocator} makes the room that lets a frame
 * header be written in front of what was read from the app, without a copy.
 */
@NullMarked
package io.podveil.sidecar.wire;

import org.jspecify.annotations.NullMarked;
