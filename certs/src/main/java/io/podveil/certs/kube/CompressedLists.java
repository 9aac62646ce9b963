package io.podveil.certs.kube;

import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.Interceptor;

/**
 * Asks for lists to be compressed, to a tenth, for {@link ResourceJson} to read. All else an API
 * server sends as it is.
 */
final class CompressedLists implements Interceptor {
  @Override
  public void before(BasicBuilder builder, HttpRequest request, RequestTags tags) {
    String query = String.valueOf(request.uri().getQuery());
    if (query.contains("limit=") && !query.contains("watch=")) {
      builder.setHeader("Accept-Encoding", "gzip");
    }
  }
}
