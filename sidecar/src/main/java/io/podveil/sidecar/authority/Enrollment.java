package io.podveil.sidecar.authority;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.podveil.sidecar.identity.Credential;
import io.podveil.sidecar.identity.Identity;
import io.podveil.sidecar.identity.IdentityException;
import io.podveil.sidecar.identity.SigningRequest;
import io.podveil.sidecar.identity.TrustBundle;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Gets a certificate from podveil-certs: a fresh key, a request for the name in the pod's token,
 * and a hard look at what comes back.
 *
 * @param token the file of the pod's token, read afresh each time
 * @param addresses where we live, asked each time
 */
public record Enrollment(
    Authority authority,
    Path token,
    String trustDomain,
    Supplier<Set<InetAddress>> addresses,
    InstantSource clock) {

  /** What became of an attempt. */
  public sealed interface Outcome {
    /**
     * An identity, fit to be put in force.
     *
     * @param renewAfter when the authority would like us to come back
     */
    record Enrolled(Identity identity, Instant renewAfter) implements Outcome {}

    /**
     * None.
     *
     * @param why in one line: the likely cause, and what to do
     * @param retryAfter for how long not to try again; zero if nobody said
     */
    record Failed(String why, Duration retryAfter) implements Outcome {}
  }

  /** podveil-certs itself waits a few seconds for an address that Kubernetes does not know yet. */
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  /** One attempt. Blocks. */
  public Outcome attempt() {
    try {
      ServiceAccountToken mine = ServiceAccountToken.read(token, trustDomain);
      SigningRequest request = SigningRequest.create(mine.id(), addresses.get());
      String body = new JsonObject().put("csr", request.pem()).encode();
      Caller caller = new Caller.Bearer(mine.text());
      return switch (authority.post("/v1/certificates", body, caller, PATIENCE)) {
        case Reply.Answer(String json) -> judge(json, request);
        case Reply.Refusal(int status, String why, Duration retryAfter) ->
            new Outcome.Failed(why, retryAfter);
        case Reply.Unreachable(String why) -> new Outcome.Failed(why, Duration.ZERO);
      };
    } catch (IdentityException e) {
      return new Outcome.Failed(String.valueOf(e.getMessage()), Duration.ZERO);
    }
  }

  private Outcome judge(String json, SigningRequest request) {
    try {
      JsonObject answer = new JsonObject(json);
      Credential credential = Credential.issued(pem(answer, "chain"), request);
      Identity identity = new Identity(credential, TrustBundle.parse(pem(answer, "roots")));
      if (!credential.isValidAt(clock.instant())) {
        return unusable("its certificate is not valid now: " + credential + "; is a clock wrong?");
      }
      return new Outcome.Enrolled(identity, Instant.parse(text(answer, "renewAfter")));
    } catch (IdentityException e) {
      return unusable(String.valueOf(e.getMessage()));
    } catch (DecodeException | ClassCastException | DateTimeException e) {
      return unusable("it can't be read; is it podveil-certs, of this version?");
    }
  }

  private static byte[] pem(JsonObject answer, String name) {
    return text(answer, name).getBytes(UTF_8);
  }

  private static String text(JsonObject answer, String name) {
    @Nullable String text = answer.getString(name);
    if (text == null) {
      throw new IdentityException("it has no " + name);
    }
    return text;
  }

  private static Outcome unusable(String why) {
    return new Outcome.Failed("the answer of podveil-certs can't be used: " + why, Duration.ZERO);
  }
}
