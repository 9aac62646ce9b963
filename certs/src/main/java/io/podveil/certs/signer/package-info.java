/**
 * Who may be called what: SPIFFE ids, and an authority that signs certificates for them. {@link
 * io.podveil.certs.signer.LocalSigner} holds the authority's key and turns a public key and a
 * {@link io.podveil.certs.signer.SpiffeId} into an {@link
 * io.podveil.certs.signer.IssuedCertificate}; {@code CertificateProfile} is the one place that
 * decides what such a certificate looks like. Nothing here knows files, command lines or
 * Kubernetes: the command line and the HTTP API stand on the same classes.
 */
@NullMarked
package io.podveil.certs.signer;

import org.jspecify.annotations.NullMarked;
