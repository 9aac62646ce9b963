/** The authority's main and its commands. */
@NullMarked
package io.podveil.certs;

import org.jspecify.annotations.NullMarked;
