/**
 * Authorities and certificates on disk: the directory that {@code ca init} makes, and the one that
 * {@code issue} writes for a sidecar that may be watching it. Private keys are born with mode 0600,
 * and whoever reads a file sees all of its content or none.
 */
@NullMarked
package io.podveil.certs.files;

import org.jspecify.annotations.NullMarked;
