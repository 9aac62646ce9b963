package io.podveil.sidecar.testbed;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.vertx.core.json.JsonObject;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.operator.OperatorException;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCSException;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequest;
import org.jspecify.annotations.Nullable;

/**
 * Plays podveil-certs over real HTTPS: issues what it is asked for, unless a test has it answer
 * something else. A bare socket, for the JDK's own HTTPS server looks up every client's name and so
 * waits for a name server that a test machine may not have.
 */
public final class CertsPlayer implements AutoCloseable {
  /**
   * What was asked.
   *
   * @param bearer the token, or empty
   * @param clientCertificate whether there was one, of the same authority
   */
  public record Question(String path, String bearer, boolean clientCertificate, String body) {}

  /** What is answered. */
  public record Answer(int status, Map<String, String> headers, String body) {
    public static Answer ok(String json) {
      return new Answer(200, Map.of("Content-Type", "application/json"), json);
    }

    /** A problem document as podveil-certs writes it. */
    public static Answer problem(int status, String title, String detail) {
      return new Answer(
          status,
          Map.of("Content-Type", "application/problem+json"),
          new JsonObject().put("title", title).put("detail", detail).encode());
    }

    public Answer retryAfter(int seconds) {
      return new Answer(status, Map.of("Retry-After", Integer.toString(seconds)), body);
    }
  }

  private final TestAuthority authority;
  private final SSLServerSocket server;
  private final URI url;
  private final List<Question> questions = new CopyOnWriteArrayList<>();
  private final AtomicInteger connections = new AtomicInteger();
  private volatile Function<Question, Answer> answers;
  private volatile boolean hangsUp;

  private CertsPlayer(TestAuthority authority, SSLServerSocket server, URI url) {
    this.authority = authority;
    this.server = server;
    this.url = url;
    this.answers = question -> Answer.ok(issue(question));
  }

  /** On a free port of this address; what it shows is issued for just that. */
  public static CertsPlayer start(TestAuthority authority, InetAddress at) {
    return start(
        authority,
        at,
        authority
            .leaf()
            .id("ns/podveil-system/sa/podveil-certs")
            .addresses(at.getHostAddress())
            .issue());
  }

  /** With a certificate of the test's choice. */
  public static CertsPlayer start(TestAuthority authority, InetAddress at, Issued shown) {
    try {
      SSLServerSocket server =
          (SSLServerSocket)
              context(authority, shown).getServerSocketFactory().createServerSocket(0, 50, at);
      server.setWantClientAuth(true);
      server.setEnabledProtocols(new String[] {"TLSv1.3"});
      URI url = URI.create("https://" + at.getHostAddress() + ":" + server.getLocalPort());
      CertsPlayer player = new CertsPlayer(authority, server, url);
      Thread.ofVirtual().name("certs").start(player::accept);
      return player;
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  public URI url() {
    return url;
  }

  /** Answers like this from now on. */
  public void answering(Function<Question, Answer> other) {
    answers = other;
  }

  /** Closes every connection after one answer from now on, without having said so. */
  public void hangingUp() {
    hangsUp = true;
  }

  /** How many connections there were so far. */
  public int connections() {
    return connections.get();
  }

  /** Everything that was asked so far. */
  public List<Question> questions() {
    return List.copyOf(questions);
  }

  /** What podveil-certs would answer: a certificate for the names in the request. */
  public String issue(Question question) {
    return issue(question, asked -> {});
  }

  /** The same, with something done to the certificate first. */
  public String issue(Question question, java.util.function.Consumer<TestLeaf> twist) {
    JcaPKCS10CertificationRequest csr = csr(question);
    TestLeaf leaf = authority.leaf();
    try {
      leaf.publicKey(csr.getPublicKey());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
    for (GeneralName name : names(csr)) {
      if (name.getTagNo() == GeneralName.iPAddress) {
        leaf.addresses(text(name));
      } else {
        leaf.uri(name.getName().toString());
      }
    }
    twist.accept(leaf);
    return answer(leaf.issue(), authority);
  }

  /** A good answer's shape, with this in it. */
  public static String answer(Issued issued, TestAuthority roots) {
    return new JsonObject()
        .put("chain", issued.chainPem())
        .put("roots", Issued.pem(roots.roots().roots()))
        .put("renewAfter", Instant.now().plus(Duration.ofMinutes(40)).toString())
        .encode();
  }

  /** A token that says it speaks for this service account; nobody signed it. */
  public static String token(String namespace, String serviceAccount) {
    Base64.Encoder base64 = Base64.getUrlEncoder().withoutPadding();
    JsonObject claims =
        new JsonObject().put("sub", "system:serviceaccount:" + namespace + ":" + serviceAccount);
    return base64.encodeToString("{}".getBytes(UTF_8))
        + "."
        + base64.encodeToString(claims.encode().getBytes(UTF_8))
        + ".c2lnbmF0dXJl";
  }

  @Override
  public void close() {
    try {
      server.close();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Until the socket is closed. */
  private void accept() {
    while (!server.isClosed()) {
      try {
        SSLSocket client = (SSLSocket) server.accept();
        connections.incrementAndGet();
        Thread.ofVirtual().name("certs").start(() -> handle(client));
      } catch (IOException e) {
        // Closed, or a client that left already.
      }
    }
  }

  private void handle(SSLSocket client) {
    try (client) {
      client.setSoTimeout(10_000);
      boolean goesOn = true;
      while (goesOn) {
        goesOn = answerOne(client) && !hangsUp;
      }
    } catch (IOException e) {
      // A client that refused us, or left: what became of it is for the client to say.
    }
  }

  /** Whether another question may follow. */
  private boolean answerOne(SSLSocket client) throws IOException {
    InputStream in = client.getInputStream();
    String path = line(in).replaceFirst("^\\S+ (\\S+) .*", "$1");
    Map<String, String> headers = headers(in);
    int length = Integer.parseInt(headers.getOrDefault("content-length", "0"));
    Question question =
        new Question(
            path,
            headers.getOrDefault("authorization", "").replaceFirst("^Bearer ", ""),
            hasCertificate(client),
            new String(in.readNBytes(length), UTF_8));
    questions.add(question);
    client.getOutputStream().write(bytes(answers.apply(question)));
    return !headers.getOrDefault("connection", "").equals("close");
  }

  private static Map<String, String> headers(InputStream in) throws IOException {
    Map<String, String> headers = new HashMap<>();
    for (String line = line(in); !line.isEmpty(); line = line(in)) {
      int colon = line.indexOf(':');
      headers.put(
          line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
    }
    return headers;
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int next = in.read(); next != '\n'; next = in.read()) {
      if (next < 0) {
        throw new EOFException();
      }
      line.append((char) next);
    }
    return line.toString().stripTrailing();
  }

  private static byte[] bytes(Answer answer) {
    byte[] body = answer.body().getBytes(UTF_8);
    StringBuilder head = new StringBuilder("HTTP/1.1 " + answer.status() + " Said\r\n");
    answer.headers().forEach((name, value) -> head.append(name + ": " + value + "\r\n"));
    head.append("Content-Length: " + body.length + "\r\n\r\n");
    return (head + answer.body()).getBytes(UTF_8);
  }

  private static boolean hasCertificate(SSLSocket client) {
    try {
      return client.getSession().getPeerCertificates().length > 0;
    } catch (SSLPeerUnverifiedException e) {
      return false;
    }
  }

  private static JcaPKCS10CertificationRequest csr(Question question) {
    try {
      String pem = new JsonObject(question.body()).getString("csr");
      String base64 = pem.replaceAll("-----[A-Z ]+-----", "");
      JcaPKCS10CertificationRequest csr =
          new JcaPKCS10CertificationRequest(
              Base64.getMimeDecoder().decode(base64.getBytes(US_ASCII)));
      if (!csr.isSignatureValid(
          new JcaContentVerifierProviderBuilder().build(csr.getPublicKey()))) {
        throw new IllegalStateException("the request is not signed with its key");
      }
      return csr;
    } catch (IOException | OperatorException | PKCSException | GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<GeneralName> names(JcaPKCS10CertificationRequest csr) {
    GeneralNames names =
        GeneralNames.fromExtensions(csr.getRequestedExtensions(), Extension.subjectAlternativeName);
    return List.of(names.getNames());
  }

  private static String text(GeneralName address) {
    try {
      return InetAddress.getByAddress(ASN1OctetString.getInstance(address.getName()).getOctets())
          .getHostAddress();
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e);
    }
  }

  private static SSLContext context(TestAuthority authority, Issued shown)
      throws GeneralSecurityException, IOException {
    char @Nullable [] password = new char[0];
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    List<X509Certificate> chain = new ArrayList<>(shown.chain());
    store.setKeyEntry("own", shown.key(), password, chain.toArray(Certificate[]::new));
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(store, password);
    KeyStore roots = KeyStore.getInstance("PKCS12");
    roots.load(null, null);
    roots.setCertificateEntry("root", authority.root());
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(roots);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
    return context;
  }
}
