/**
 * What the sidecar tells: the connection log on standard output, and health, metrics and state over
 * HTTP. It reads connections and identities and can touch neither.
 */
@NullMarked
package io.podveil.sidecar.admin;

import org.jspecify.annotations.NullMarked;
