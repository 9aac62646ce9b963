import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/**
 * The benchmark's sidecars and API server, asking certs and the injector. It runs on the same processors, so that what
 * it prints is less than the servers could do. Arguments: certs' port, its roots, the injector's port, its
 * certificate, and a review.
 */
final class Load {
  private static final int LANES = 16;

  private final Caller caller;

  private Load(String port, String roots) throws Exception {
    this.caller = new Caller(Integer.parseInt(port), Path.of(roots));
  }

  public static void main(String... arguments) throws Exception {
    Spent api = new Spent("the API server", arguments[5]);
    Spent own = new Spent("the load", Long.toString(ProcessHandle.current().pid()));
    List<Spent> spent = List.of(new Spent("certs", arguments[6]), api, own);
    Load certs = new Load(arguments[0], arguments[1]);
    int pods = 6_000;
    List<Caller.Request> requests = Caller.requests(pods);
    certs.certificates(requests.subList(0, 1_500)); // warms up
    spent.forEach(Spent::begin);
    certs.print("certificates, as many as go", "/s", certs.certificates(requests.subList(1_500, 5_000)));
    spent.forEach(each -> each.print(3_500, "certificate"));
    certs.pace("(warm-up) certificates at 50/s", 50, 10, i -> certs.one(requests.get(5_000 + i)));
    spent.forEach(Spent::begin);
    certs.pace("certificates at 50/s", 50, 10, i -> certs.one(requests.get(5_500 + i)));
    spent.forEach(each -> each.print(500, "certificate"));
    certs.pace("a storm of 1,000 sidecars in 10 s", 100, 10, i -> certs.one(requests.get(i)));
    certs.peers(2);
    certs.print("addresses in /v1/peers", "/s", certs.peers(6));
    Load injector = new Load(arguments[2], arguments[3]);
    byte[] review = Files.readAllBytes(Path.of(arguments[4]));
    injector.reviews("(warm-up) reviews at 100/s", 5, review);
    spent = List.of(new Spent("the injector", arguments[7]), own);
    spent.forEach(Spent::begin);
    injector.reviews("reviews at 100/s", 10, review);
    spent.forEach(each -> each.print(1_000, "review"));
  }

  /** How many a second; each address asks for some pods over one connection. */
  private double certificates(List<Caller.Request> requests) throws Exception {
    AtomicInteger next = new AtomicInteger();
    int all = requests.size();
    return inLanes(all, lane -> {
      while (next.get() < all) {
        int from = next.getAndAdd(Caller.EACH_ADDRESS);
        int to = Math.min(all, from + Caller.EACH_ADDRESS);
        try (Socket socket = from >= all ? null : caller.dial()) {
          for (int i = from; i < to; i++) {
            Caller.ask(socket, requests.get(i));
          }
        }
      }
    });
  }

  private void one(Caller.Request request) throws Exception {
    try (Socket socket = caller.dial()) {
      Caller.ask(socket, request);
    }
  }

  /** Addresses a second, five hundred a call, a fifth of them Services'. */
  private double peers(int seconds) throws Exception {
    byte[] question = Caller.question(500);
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    AtomicInteger asked = new AtomicInteger();
    long began = System.nanoTime();
    inLanes(1, lane -> {
      while (System.nanoTime() < end) {
        try (Socket socket = caller.dial()) {
          for (int i = 0; i < Caller.EACH_ADDRESS && System.nanoTime() < end; i++) {
            Caller.ask(socket, "/v1/peers", "pod-" + lane, question);
            asked.addAndGet(500);
          }
        }
      }
    });
    return asked.get() * 1e9 / (System.nanoTime() - began);
  }

  private void reviews(String what, int seconds, byte[] review) throws Exception {
    ConcurrentLinkedQueue<Socket> idle = new ConcurrentLinkedQueue<>();
    pace(what, 100, seconds, i -> {
      Socket socket = idle.poll();
      socket = socket == null ? caller.dial() : socket;
      Caller.ask(socket, "/mutate", "", review);
      idle.add(socket);
    });
    for (Socket socket : idle) {
      socket.close();
    }
  }

  private interface Work {
    void run(int number) throws Exception;
  }

  /** At a steady pace, whether or not answers come; prints how long they took. */
  private void pace(String what, int perSecond, int seconds, Work work) throws Exception {
    int count = perSecond * seconds;
    long[] took = new long[count];
    AtomicInteger failed = new AtomicInteger();
    long begin = System.nanoTime();
    try (ExecutorService lanes = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < count; i++) {
        int number = i;
        long due = begin + i * 1_000_000_000L / perSecond;
        TimeUnit.NANOSECONDS.sleep(due - System.nanoTime());
        lanes.submit(() -> {
          try {
            work.run(number);
          } catch (Exception e) {
            if (failed.incrementAndGet() == 1) {
              System.err.println(what + ": " + e);
            }
          }
          took[number] = System.nanoTime() - due;
        });
      }
    }
    Arrays.sort(took);
    System.out.printf(
        "%-40s p50 %.1f ms, p99 %.1f ms, %d failed%n",
        what, took[count / 2] / 1e6, took[count * 99 / 100] / 1e6, failed.get());
  }

  private void print(String what, String unit, double figure) {
    System.out.printf("%-40s %.0f %s%n", what, figure, unit);
  }

  private double inLanes(int count, Work lane) throws Exception {
    long began = System.nanoTime();
    List<Future<?>> running;
    try (ExecutorService lanes = Executors.newVirtualThreadPerTaskExecutor()) {
      running =
          IntStream.range(0, LANES)
              .<Future<?>>mapToObj(i ->
                  lanes.submit(() -> {
                    lane.run(i);
                    return null;
                  }))
              .toList();
    }
    for (Future<?> each : running) {
      each.get();
    }
    return count * 1e9 / (System.nanoTime() - began);
  }
}
