package io.podveil.sidecar.authority;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.podveil.sidecar.identity.IdentityException;
import io.podveil.sidecar.identity.MountedFile;
import io.podveil.sidecar.identity.SpiffeId;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The pod's projected token. What it says of us is believed without looking at the signature: we
 * only ask for that name, and podveil-certs has the token reviewed.
 *
 * @param id whom it speaks for
 */
record ServiceAccountToken(String text, SpiffeId id) {
  private static final Pattern SUBJECT =
      Pattern.compile("system:serviceaccount:([a-z0-9.-]{1,253}):([a-z0-9.-]{1,253})");

  /**
   * Reads the token that is mounted now; kubelet replaces it long before it ends.
   *
   * @throws IdentityException if there is none: the file, the likely cause, what to do
   */
  static ServiceAccountToken read(Path file, String trustDomain) {
    String text = new String(MountedFile.read(file), UTF_8).strip();
    String[] parts = text.split("\\.", -1);
    try {
      if (parts.length == 3 && text.matches("[A-Za-z0-9._-]+")) {
        JsonObject claims =
            new JsonObject(new String(Base64.getUrlDecoder().decode(parts[1]), UTF_8));
        Matcher subject = SUBJECT.matcher(String.valueOf(claims.getString("sub")));
        if (subject.matches()) {
          String path = "/ns/" + subject.group(1) + "/sa/" + subject.group(2);
          return new ServiceAccountToken(text, new SpiffeId(trustDomain, path));
        }
      }
    } catch (DecodeException | ClassCastException | IllegalArgumentException e) {
      // Not as the cause: its text may quote the token.
    }
    throw new IdentityException(
        file + ": holds no service account's token; is it projected with audience podveil?");
  }

  /** Names whom it speaks for, and never shows itself. */
  @Override
  public String toString() {
    return "token of " + id;
  }
}
