/**
 * What Kubernetes knows, as values. {@link io.podveil.certs.kube.TokenReviews} tells whose a token
 * is, {@link io.podveil.certs.kube.PodLookup} what the API server says of one pod, and {@link
 * io.podveil.certs.kube.ClusterWatch} follows all pods, services and endpoints into a {@link
 * io.podveil.certs.kube.ClusterState} that keeps the few fields that are needed. Nothing here
 * decides anything.
 */
@NullMarked
package io.podveil.certs.kube;

import org.jspecify.annotations.NullMarked;
