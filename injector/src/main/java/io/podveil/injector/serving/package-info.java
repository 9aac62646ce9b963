/**
 * What the webhook's TLS answers with. The credential in force is one reference that each handshake
 * reads; whoever has a newer one replaces it and tells nobody. It comes from files, read again when
 * they change, or is self-made: then {@code trust} sees to it that the API server believes in it.
 */
@NullMarked
package io.podveil.injector.serving;

import org.jspecify.annotations.NullMarked;
