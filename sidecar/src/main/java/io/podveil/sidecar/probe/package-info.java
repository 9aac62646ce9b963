/**
 * The kubelet's checks, carried out in its stead. Under strict mode its plaintext probes and hooks
 * can't come in, so the injector sends them to the admin port and tells us what each one was: that
 * is {@link io.podveil.sidecar.probe.Checks}. {@link io.podveil.sidecar.probe.Replays} answers a
 * request for one of them by doing to the app what the kubelet would have done (its source,
 * pkg/probe and pkg/kubelet/lifecycle, is the reference), at the address at which we were asked,
 * which is one of the pod's own: nothing else can be reached through here.
 *
 * <p>What stays in the pod is not captured and not tracked, so these connections carry no mark.
 * Should one ever leave the pod for want of that address, it would be captured as the app's are.
 */
@NullMarked
package io.podveil.sidecar.probe;

import org.jspecify.annotations.NullMarked;
