/**
 * The doors: HTTPS for the API server's reviews, plain HTTP for health and metrics. Bodies and
 * waiting are bounded here; what a review says is read by {@code AdmissionReview}, what happens to
 * the pod is decided in {@code injection}.
 */
@NullMarked
package io.podveil.injector.webhook;

import org.jspecify.annotations.NullMarked;
