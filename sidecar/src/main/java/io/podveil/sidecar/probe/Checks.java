package io.podveil.sidecar.probe;

import io.podveil.sidecar.probe.Check.Handler;
import io.podveil.sidecar.probe.Check.Header;
import io.podveil.sidecar.probe.Check.Kind;
import io.podveil.sidecar.probe.Check.Scheme;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The checks that we carry out, and there are no others.
 *
 * @param byName by {@code container/kind}, or {@code container/kind/secret} for those that are only
 *     for who knows the secret
 */
public record Checks(Map<String, Check> byName) {
  /** Nothing to carry out. */
  public static final Checks NONE = new Checks(Map.of());

  private static final Pattern NAME =
      Pattern.compile("([a-z0-9][-a-z0-9]{0,62})/([a-z-]{1,20})(/[A-Za-z0-9_-]{1,64})?");
  private static final int LONGEST_QUOTE = 80;

  /** Takes a copy of the map. */
  public Checks {
    byName = Map.copyOf(byName);
  }

  /**
   * Reads what the injector wrote; nothing at all is {@link #NONE}.
   *
   * @throws IllegalArgumentException saying what was given and what is allowed
   */
  public static Checks parse(String text) {
    if (text.isBlank()) {
      return NONE;
    }
    try {
      JsonObject all = new JsonObject(text);
      Map<String, Check> checks = new HashMap<>();
      for (String name : all.fieldNames()) {
        checks.put(name, check(name, object(all.getValue(name))));
      }
      return new Checks(checks);
    } catch (DecodeException | ClassCastException | IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "\"%s\" is no list of checks%s: allowed are JSON objects of container/kind with http, tcp or grpc in them"
              .formatted(quoted(text), where(e)));
    }
  }

  /** What may be said aloud of a name. */
  static String withoutSecret(String name) {
    int kind = name.indexOf('/');
    int secret = name.indexOf('/', kind + 1);
    return secret < 0 ? name : name.substring(0, secret);
  }

  private static String quoted(String text) {
    return text.length() <= LONGEST_QUOTE ? text : text.substring(0, LONGEST_QUOTE) + "…";
  }

  /** Only our own words: those of others may quote anything. */
  private static String where(RuntimeException e) {
    return e instanceof Misread misread ? " (" + misread.getMessage() + ")" : "";
  }

  private static Check check(String name, JsonObject given) {
    Matcher words = NAME.matcher(name);
    if (!words.matches()) {
      throw new Misread("a name is not container/kind or container/kind/secret");
    }
    Kind kind =
        Arrays.stream(Kind.values())
            .filter(each -> each.word().equals(words.group(2)))
            .findFirst()
            .orElseThrow(() -> new Misread("there is no kind " + words.group(2)));
    try {
      return new Check(kind, handler(given), patience(kind, given));
    } catch (ClassCastException e) {
      throw new Misread(withoutSecret(name) + " has a value of the wrong type");
    } catch (Misread e) {
      throw new Misread(withoutSecret(name) + " " + e.getMessage());
    }
  }

  private static Optional<Duration> patience(Kind kind, JsonObject given) {
    if (kind.isHook()) {
      return Optional.empty();
    }
    @Nullable Integer seconds = given.getInteger("timeoutSeconds");
    if (seconds == null || seconds < 1) {
      throw new Misread("has no timeoutSeconds of 1 or more");
    }
    return Optional.of(Duration.ofSeconds(seconds));
  }

  private static Handler handler(JsonObject given) {
    Set<String> words = new TreeSet<>(given.fieldNames());
    words.remove("timeoutSeconds");
    if (words.size() != 1) {
      throw new Misread("says not exactly one way");
    }
    String word = words.iterator().next();
    JsonObject how = object(given.getValue(word));
    return switch (word) {
      case "http" -> new Handler.Http(scheme(how), port(how), text(how, "path"), headers(how));
      case "tcp" -> new Handler.Tcp(port(how));
      case "grpc" -> new Handler.Grpc(port(how), text(how, "service"));
      default -> throw new Misread("says a way that is none");
    };
  }

  private static Scheme scheme(JsonObject how) {
    return switch (text(how, "scheme")) {
      case "HTTP" -> Scheme.HTTP;
      case "HTTPS" -> Scheme.HTTPS;
      default -> throw new Misread("has a scheme that is neither HTTP nor HTTPS");
    };
  }

  private static int port(JsonObject how) {
    @Nullable Integer port = how.getInteger("port");
    if (port == null || port < 1 || port > 65535) {
      throw new Misread("has no port from 1 to 65535");
    }
    return port;
  }

  private static List<Header> headers(JsonObject how) {
    List<Header> headers = new ArrayList<>();
    @Nullable JsonArray given = how.getJsonArray("headers");
    for (Object each : given == null ? new JsonArray() : given) {
      JsonObject header = object(each);
      headers.add(new Header(text(header, "name"), text(header, "value")));
    }
    return headers;
  }

  private static String text(JsonObject of, String name) {
    if (of.getValue(name) instanceof String text) {
      return text;
    }
    throw new Misread("has no " + name);
  }

  private static JsonObject object(@Nullable Object value) {
    if (value instanceof JsonObject object) {
      return object;
    }
    throw new Misread("is no object");
  }

  /** In our own words, which are printable. */
  private static final class Misread extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    Misread(String what) {
      super(what);
    }
  }
}
