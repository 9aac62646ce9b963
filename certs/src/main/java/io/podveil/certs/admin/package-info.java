/** Health and metrics, on a port of their own and without TLS. */
@NullMarked
package io.podveil.certs.admin;

import org.jspecify.annotations.NullMarked;
