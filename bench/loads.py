"""The loads, each from a peer and a time to a few figures, and which figures make up which group."""

import dataclasses
import json
import statistics
import subprocess
import sys
import time

from figures import Span, memory
from peers import BULK, KNOWN, OUTSIDE, WEB
from testbed import HERE, HELPER, Trouble

GB = 1e9
# Or all connections would send in the same instant, and wait for each other.
STAGGERED = ("-r", 1, "--rate-period", "1ms")


@dataclasses.dataclass(frozen=True)
class Metric:
    """One figure: what it is called, in what unit, and whether more of it is better."""

    key: str
    title: str
    unit: str
    more_is_better: bool = False


@dataclasses.dataclass(frozen=True)
class Load:
    """What is done, in which group it is shown, and which of its figures are."""

    group: str
    name: str
    title: str
    run: object
    metrics: tuple
    form: str | None = None  # which form of Podveil stands in for it
    peers: object = lambda peer: True
    rounds: int | None = None  # as many as asked for
    warm_up: bool = True


def bulk(connections, *options, to=None, port=BULK):
    def run(peer, seconds):
        words = ("iperf3", "-c", to or peer.server.address, "-p", port, "-t", seconds, "-J")
        with Span(peer.pids()) as span:
            answer = peer.client.run(*words, "-P", connections, *options)
        moved = json.loads(answer)["end"]["sum_received"]["bytes"]
        rate = json.loads(answer)["end"]["sum_received"]["bits_per_second"] / GB
        return span, {"rate": rate, "cpu": span.cpu / (moved / GB), "rss": rss(peer)}

    return run


def rss(peer):
    """Of one sidecar, right after the load."""
    return max((memory(pid)["Rss"] for pid in peer.pids()), default=0)


def requests(connections, port=WEB, *headers):
    def run(peer, seconds):
        words = ("wrk", "-t1", "-c", connections, "-d", f"{seconds}s", "-s", HERE / "wrk.lua")
        with Span(peer.pids()) as span:
            answer = peer.client.run(*words, *headers, peer.url(port))
        found = json.loads(answer.splitlines()[-1])
        if not found["requests"]:
            raise Trouble(f"{peer.label} answered no request; its log is in {peer.bed.directory}")
        return span, {
            "rate": found["requests"] / found["seconds"],
            "p50": found["p50"],
            "p99": found["p99"],
            "cpu": span.cpu / found["requests"] * 1000,
            "failed": found["failed"],
        }

    return run


def steady(connections, each):
    """So many requests a second, whatever the answers take."""

    def run(peer, seconds):
        log = peer.bed.directory / "h2load.log"
        log.unlink(missing_ok=True)
        words = ("h2load", "--h1", "-c", connections, "-m1", "-t1", "--rps", each, *STAGGERED)
        total = int(connections * each * seconds)
        with Span(peer.pids()) as span:
            peer.client.run(*words, "-n", total, f"--log-file={log}", peer.url())
        rows = [line.split("\t") for line in log.read_text().splitlines()]
        times = sorted(int(row[2]) / 1000 for row in rows if row[1] == "200")
        if len(times) < total:
            raise Trouble(f"{peer.label} answered {len(times)} of {total} requests")
        return span, {
            "p50": statistics.median(times),
            "p99": times[int(len(times) * 0.99)],
            "cpu": span.cpu / span.seconds,
        }

    return run


def start(peer, _):
    """The client's sidecar starts anew; the other one runs, and is warm."""
    peer.stop(peer.client)
    ports = ",".join(map(str, peer.listens))
    with Span([]) as span:
        words = (sys.executable, HELPER, "start", ports, peer.health, peer.url())
        answer = peer.client.run(*words, *peer.words(peer.client))
    peer.stop()
    peer.start()
    found = json.loads(answer)
    found["first_to_steady"] = found["slowest_of_first_20"] / found["steady_connection"]
    return span, found


def idle(*counts):
    """Memory of one sidecar, egress and ingress apart: fresh, and with connections that say nothing."""

    def run(peer, _):
        peer.stop()
        peer.start()
        found = {}
        with Span(peer.pids()) as span:
            words = (sys.executable, HELPER, "hold", peer.server.address, WEB)
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
            holder = peer.client.start("hold", *words, **pipes)
            try:
                for count in (0, *counts):
                    print(count, file=holder.stdin, flush=True)
                    if holder.stdout.readline().strip() != str(count):
                        raise Trouble(f"{peer.label} doesn't take {count} connections")
                    time.sleep(max(2, peer.settles))
                    note(found, peer, count)
            finally:
                peer.bed.stop(holder)
            time.sleep(peer.settles)
            note(found, peer, "after")
        for fewer, count in zip((0, *counts), counts):
            for side in ("egress", "ingress"):
                more = found[f"{side}_rss_{count}"] - found[f"{side}_rss_{fewer}"]
                found[f"{side}_each_{count}"] = more * 1024 / (count - fewer)
        return span, found

    return run


def note(found, peer, count):
    for side, pod in (("egress", peer.client), ("ingress", peer.server)):
        for kind, megabytes in memory(*peer.pids(pod)).items():
            found[f"{side}_{kind.lower()}_{count}"] = megabytes


def proxied(peer):
    return peer.meshed


RATE = Metric("rate", "throughput", "Gbit/s", True)
PER_GB = Metric("cpu", "CPU of both sidecars", "s/GB")
RSS = Metric("rss", "resident under load", "MB")
CONNECTIONS = Metric("rate", "new connections", "/s", True)
REQUESTS = Metric("rate", "requests", "/s", True)
P50, P99 = Metric("p50", "median", "ms"), Metric("p99", "99th percentile", "ms")
PER_THOUSAND = Metric("cpu", "CPU for a thousand", "s")
CORES = Metric("cpu", "CPU of both sidecars", "cores")
CLOSE = ("-H", "Connection: close")


def loads(quick):
    held = (1000,) if quick else (1000, 5000)
    return [
        Load("bulk", "bulk-1-up", "bulk, 1 connection, up", bulk(1), (RATE, PER_GB)),
        Load("bulk", "bulk-1-down", "bulk, 1 connection, down", bulk(1, "-R"), (RATE, PER_GB)),
        Load("bulk", "bulk-8-up", "bulk, 8 connections, up", bulk(8), (RATE, PER_GB, RSS)),
        Load("bulk", "bulk-8-down", "bulk, 8 connections, down", bulk(8, "-R"), (RATE, PER_GB)),
        Load(
            *("connect", "connect", "new connections, each with a full handshake"),
            requests(32, WEB, *CLOSE),
            (CONNECTIONS, P99, PER_THOUSAND),
            form="podveil-fresh",
        ),
        Load(
            *("connect", "connect-x25519", "the same without Podveil's post-quantum key exchange"),
            requests(32, WEB, *CLOSE),
            (CONNECTIONS, P99, PER_THOUSAND),
            form="podveil-x25519",
        ),
        Load(
            *("connect", "connect-known", "new connections to a known peer"),
            requests(32, KNOWN, *CLOSE),
            (CONNECTIONS, P99, PER_THOUSAND),
        ),
        Load(
            *("keepalive", "keepalive", "requests on 64 connections, as many as go"),
            requests(64),
            (REQUESTS, P99, PER_THOUSAND),
        ),
        Load(
            *("latency", "latency", "1,000 requests/s of 1 kB on 16 connections"),
            steady(16, 62.5),
            (P50, P99, CORES),
        ),
        Load(
            *("passthrough", "passthrough", "bulk to an unmeshed destination"),
            bulk(1, to=OUTSIDE),
            (RATE, Metric("cpu", "CPU of the sidecar", "s/GB")),
            peers=lambda peer: peer.passes,
        ),
        Load(
            *("start", "start", "start of a sidecar, a full handshake each", start),
            (
                Metric("ready", "to ready", "ms"),
                Metric("first_byte", "to the first byte", "ms"),
                Metric("first_connection", "first connection", "ms"),
                Metric("slowest_of_first_20", "slowest of the first 20", "ms"),
                Metric("steady_connection", "later connections, median", "ms"),
                Metric("first_to_steady", "slowest of the first 20 to later ones", "×"),
            ),
            form="podveil-fresh",
            peers=proxied,
            warm_up=False,
        ),
        Load(
            *("memory", "memory", "memory of one sidecar", idle(*held)),
            (
                Metric("egress_rss_0", "idle, resident", "MB"),
                Metric("egress_pss_0", "idle, proportional", "MB"),
                Metric("egress_anonymous_0", "idle, anonymous", "MB"),
                Metric("egress_rss_after", "all connections closed again, resident", "MB"),
                *(
                    Metric(f"{side}_{what}_{count}", f"{count} idle connections, {side}, {title}", unit)
                    for count in held
                    for side in ("egress", "ingress")
                    for what, title, unit in (
                        ("rss", "resident", "MB"),
                        ("each", "each one more", "KiB"),
                    )
                ),
            ),
            peers=proxied,
            rounds=1,
            warm_up=False,
        ),
    ]
