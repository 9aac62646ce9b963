import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A first day's work for certs and the injector, so that their caches hold what serving takes and which code is hot.
 * Arguments: certs' port, its roots, the injector's port, its certificate, and a review.
 */
final class Training {
  private static final int PEERS = 40;
  private static final int REVIEWS = 250;

  private Training() {}

  public static void main(String... arguments) throws Exception {
    Caller certs = new Caller(Integer.parseInt(arguments[0]), Path.of(arguments[1]));
    byte[] question = Caller.question(100);
    List<Caller.Request> requests = Caller.requests(200);
    for (int i = 0; i < requests.size(); i++) {
      // A connection each, as a sidecar does it.
      try (Socket socket = certs.dial()) {
        Caller.ask(socket, requests.get(i));
        if (i < PEERS) {
          Caller.ask(socket, "/v1/peers", "pod-" + i, question);
        }
      }
    }
    Caller injector = new Caller(Integer.parseInt(arguments[2]), Path.of(arguments[3]));
    byte[] review = Files.readAllBytes(Path.of(arguments[4]));
    for (int i = 0; i < REVIEWS; i += Caller.EACH_ADDRESS) {
      try (Socket socket = injector.dial()) {
        for (int j = 0; j < Caller.EACH_ADDRESS; j++) {
          Caller.ask(socket, "/mutate", "", review);
        }
      }
    }
  }
}
