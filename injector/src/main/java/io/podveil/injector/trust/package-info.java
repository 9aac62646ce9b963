/**
 * Makes the API server trust a self-made serving certificate: each replica adds its own to the
 * {@code caBundle} of the webhook configuration, which several certificates fit into, and looks
 * again every few seconds whether it is still there. No Secret, no shared key, no leader;
 * docs/decisions/0002-serving-certificate.md tells why.
 */
@NullMarked
package io.podveil.injector.trust;

import org.jspecify.annotations.NullMarked;
