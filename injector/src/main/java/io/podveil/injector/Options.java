package io.podveil.injector;

import io.podveil.injector.injection.Addition.Installation;
import io.podveil.injector.injection.Settings;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What the program was told, checked.
 *
 * @param port of the webhook
 * @param adminPort of health and metrics
 * @param namespace that the injector runs in
 * @param files with the serving certificate, if it is not to make its own
 * @param installation what goes into every pod
 * @param defaults what holds where a pod's annotations say nothing
 */
record Options(
    int port,
    int adminPort,
    String namespace,
    Optional<CertificateFiles> files,
    Installation installation,
    Settings defaults) {

  record CertificateFiles(Path cert, Path key) {}

  /** The name that the API server dials and checks. */
  String dnsName() {
    return "podveil-injector." + namespace + ".svc";
  }
}
