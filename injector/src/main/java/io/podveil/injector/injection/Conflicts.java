package io.podveil.injector.injection;

import io.podveil.injector.injection.Decision.Cause;
import io.podveil.injector.injection.Decision.Deny;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/** What a pod claims for itself that the sidecar needs. */
final class Conflicts {
  private static final int LAST_PORT = Checks.ADMIN_PORT;

  private Conflicts() {}

  static Optional<Deny> of(Pod pod, Set<String> volumeNames) {
    return takenContainerName(pod)
        .or(() -> takenVolumeName(pod, volumeNames))
        .or(() -> takenPort(pod))
        .or(() -> probedPort(pod));
  }

  private static Optional<Deny> takenContainerName(Pod pod) {
    Stream<Pod.Container> candidates =
        pod.injectedBefore()
            ? pod.containers().stream()
            : Stream.concat(pod.initContainers().stream(), pod.containers().stream());
    return candidates
        .map(Pod.Container::name)
        .filter(Addition.CONTAINER_NAMES::contains)
        .findFirst()
        .map(name ->
            new Deny(
                Cause.NAME,
                "a container is called %s: that name is the sidecar's, rename the container"
                    .formatted(name)));
  }

  private static Optional<Deny> takenVolumeName(Pod pod, Set<String> volumeNames) {
    if (pod.injectedBefore()) {
      return Optional.empty();
    }
    return pod.volumeNames().stream()
        .filter(volumeNames::contains)
        .findFirst()
        .map(name ->
            new Deny(
                Cause.NAME,
                "a volume is called %s: that name is the sidecar's, rename the volume"
                    .formatted(name)));
  }

  private static Optional<Deny> takenPort(Pod pod) {
    for (Pod.Container container : pod.ownContainers()) {
      for (JsonNode port : container.tree().path("ports").values()) {
        int number = port.path("containerPort").intValue(0);
        if (number >= 1
            && number <= LAST_PORT
            && port.path("protocol").stringValue("TCP").equals("TCP")) {
          return Optional.of(
              new Deny(
                  Cause.PORT,
                  "container %s listens on port %d: ports 1, 2 and 3 are the sidecar's, use another one"
                      .formatted(Text.shown(container.name()), number)));
        }
      }
    }
    return Optional.empty();
  }

  private static Optional<Deny> probedPort(Pod pod) {
    return Checks.of(pod).stream()
        .filter(check -> check.port() <= LAST_PORT)
        .filter(check -> !(pod.injectedBefore() && Injection.replays(pod, check)))
        .findFirst()
        .map(check ->
            new Deny(
                Cause.PROBE,
                "the check %s goes to port %d: ports 1, 2 and 3 are the sidecar's, let it go to the app's"
                    .formatted(check.key(), check.port())));
  }
}
