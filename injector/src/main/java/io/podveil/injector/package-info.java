/**
 * The admission webhook. {@code Main} reads the options and wires the rooms: {@code serving} (which
 * certificate to answer with), {@code trust} (telling the API server to trust it), {@code
 * injection} (what to do with a pod) and {@code webhook} (HTTPS in front of it, health and metrics
 * beside it).
 */
@NullMarked
package io.podveil.injector;

import org.jspecify.annotations.NullMarked;
