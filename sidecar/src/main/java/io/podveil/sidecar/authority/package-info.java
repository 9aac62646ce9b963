/**
 * podveil-certs, as a sidecar sees it. {@link Authority} asks it over HTTPS; an {@link Enrollment}
 * is one attempt to get a certificate with the pod's own token; a {@link CertificateRenewal} makes
 * one attempt after another, at the right times, for as long as the sidecar lives. Everything here
 * blocks, and is for virtual threads: the answers reach connections as values, never as calls.
 */
@NullMarked
package io.podveil.sidecar.authority;

import org.jspecify.annotations.NullMarked;
