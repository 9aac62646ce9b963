/**
 * The firewall rules and routes that bring a pod's TCP to its sidecar. {@link
 * io.podveil.sidecar.capture.CaptureRules} says what is wanted and renders it as a ruleset; {@link
 * io.podveil.sidecar.capture.Capture} puts it in force in the calling thread's network namespace,
 * compares it with what the kernel holds, and takes it away. The only package that calls native
 * code itself (libnftables and rtnetlink, by way of JNA), and only a process that captures loads
 * it.
 */
@NullMarked
package io.podveil.sidecar.capture;

import org.jspecify.annotations.NullMarked;
