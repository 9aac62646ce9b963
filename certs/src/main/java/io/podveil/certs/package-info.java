/**
 * The authority's main and its commands. {@link io.podveil.certs.Certs} is the whole command line;
 * each command reads its options, hands over to {@code signer} and {@code files}, and says in one
 * line what it did.
 */
@NullMarked
package io.podveil.certs;

import org.jspecify.annotations.NullMarked;
