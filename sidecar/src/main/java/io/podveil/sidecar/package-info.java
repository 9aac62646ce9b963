/** The sidecar's main and its configuration; everything is wired here, once, top-down. */
@NullMarked
package io.podveil.sidecar;

import org.jspecify.annotations.NullMarked;
