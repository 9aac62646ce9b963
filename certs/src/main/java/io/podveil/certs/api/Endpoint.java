package io.podveil.certs.api;

/** Answers calls to one path. May block; called by many threads. */
sealed interface Endpoint permits CertificatesEndpoint, PeersEndpoint {
  /** What comes after the host name. */
  String path();

  /** More than this is not read. */
  int maxBody();

  /** Answers. */
  Reply answer(Call call);
}
