/**
 * The HTTP API. {@link io.podveil.certs.api.ApiServer} takes requests off the wire within bounds,
 * and hands each as a {@link io.podveil.certs.api.Call} to an {@link
 * io.podveil.certs.api.Endpoint}, which answers with a {@link io.podveil.certs.api.Reply} and knows
 * nothing of HTTP's mechanics. {@link io.podveil.certs.api.Problem} lists everything that can go
 * wrong for a caller.
 */
@NullMarked
package io.podveil.certs.api;

import org.jspecify.annotations.NullMarked;
