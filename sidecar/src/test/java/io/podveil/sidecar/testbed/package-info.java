/**
 * Network namespaces that play pods: {@link io.podveil.sidecar.testbed.Wire} joins {@link
 * io.podveil.sidecar.testbed.Pod}s over a bridge, a {@link io.podveil.sidecar.testbed.Namespace}
 * runs code and programs inside one, {@link io.podveil.sidecar.testbed.PacketCapture} keeps what
 * passed and {@link io.podveil.sidecar.testbed.Forger} injects what nobody sent. All of it needs
 * root, and says so.
 */
@NullMarked
package io.podveil.sidecar.testbed;

import org.jspecify.annotations.NullMarked;
