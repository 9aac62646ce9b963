/**
 * The authority in the cluster: {@link io.podveil.certs.authority.AuthorityState} is what its
 * Secret says, {@link io.podveil.certs.authority.AuthoritySecret} makes, follows and restores it,
 * {@link io.podveil.certs.authority.Rotation} takes it from one root to the next, and {@link
 * io.podveil.certs.authority.TrustConfigMaps} tells every namespace whom to trust.
 */
@NullMarked
package io.podveil.certs.authority;

import org.jspecify.annotations.NullMarked;
