/**
 * What to do with a pod. {@link io.podveil.injector.injection.Judge} turns a pod into a {@link
 * io.podveil.injector.injection.Decision}, purely: inject, with the patch; skip; or deny, with a
 * message for the person who reads it in {@code kubectl}. {@link
 * io.podveil.injector.injection.Setting} is the list of annotations, {@code Addition} what is put
 * into a pod, {@code Probes} how the kubelet's checks are led through the sidecar.
 */
@NullMarked
package io.podveil.injector.injection;

import org.jspecify.annotations.NullMarked;
