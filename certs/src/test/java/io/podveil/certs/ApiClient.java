package io.podveil.certs;

import io.podveil.certs.signer.Credential;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import java.util.HashMap;
import java.util.Map;

/** Calls the API as a sidecar does. */
final class ApiClient implements AutoCloseable {
  private final Vertx vertx = Vertx.vertx();
  private final HttpClient http;

  /** What came back. */
  record Answer(int status, Map<String, String> headers, String body) {
    JsonObject json() {
      return new JsonObject(body);
    }
  }

  private ApiClient(HttpClientOptions options) {
    this.http = vertx.createHttpClient(options);
  }

  /** One without a certificate. */
  static ApiClient plain(int port, String rootsPem) {
    return new ApiClient(options(port, rootsPem));
  }

  /** One that shows a certificate. */
  static ApiClient as(int port, String rootsPem, Credential credential) {
    return new ApiClient(
        options(port, rootsPem)
            .setKeyCertOptions(
                new PemKeyCertOptions()
                    .addCertValue(Buffer.buffer(credential.chainPem()))
                    .addKeyValue(Buffer.buffer(credential.keyPem()))));
  }

  Answer post(String path, String token, String body) {
    Map<String, String> headers = new HashMap<>(Map.of("Content-Type", "application/json"));
    if (!token.isEmpty()) {
      headers.put("Authorization", "Bearer " + token);
    }
    return send(HttpMethod.POST, path, headers, body);
  }

  Answer send(HttpMethod method, String path, Map<String, String> headers, String body) {
    var options = new RequestOptions().setMethod(method).setURI(path);
    headers.forEach(options::addHeader);
    return http.request(options)
        .compose(request -> request.send(body))
        .compose(response -> response.body().map(text -> answer(response, text)))
        .await();
  }

  private static Answer answer(HttpClientResponse response, Buffer body) {
    Map<String, String> headers = new HashMap<>();
    response.headers().forEach(headers::put);
    return new Answer(response.statusCode(), headers, body.toString());
  }

  @Override
  public void close() {
    vertx.close().await();
  }

  private static HttpClientOptions options(int port, String rootsPem) {
    // The name is the Service's, and the test calls localhost; the chain is checked.
    return new HttpClientOptions()
        .setDefaultHost("localhost")
        .setDefaultPort(port)
        .setSsl(true)
        .setVerifyHost(false)
        .setTrustOptions(new PemTrustOptions().addCertValue(Buffer.buffer(rootsPem)));
  }
}
