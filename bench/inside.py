#!/usr/bin/env python3
"""What has to happen inside a namespace; bench/run calls it there.

  listening SECONDS PORT...        waits until these ports are open
  start PORTS READY URL COMMAND... starts a sidecar and times it: prints JSON
  hold HOST PORT                   for each number on standard input, holds so many connections
  crowd HOST PORT                  the same, and says how many of them were served
  half-open HOST PORT              keeps so many handshakes begun, from 'begun' on says how often
  burst HOST PORT COUNT            opens so many connections at once, a request each: prints JSON
  unread PORT                      takes one connection and never reads from it
  fill HOST PORT SECONDS           sends until nothing goes any more for so long; prints how much
"""

import concurrent.futures
import heapq
import http.client
import json
import random
import selectors
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.parse

LISTEN = "0A"
REQUEST = b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n"


def open_ports():
    ports = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(table, encoding="ascii") as lines:
            rows = [line.split() for line in lines][1:]
        ports |= {int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == LISTEN}
    return ports


def until(condition, seconds, pause):
    """Polls, and returns how long it took."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            raise TimeoutError
        time.sleep(pause)
    return time.monotonic() - began


def get(host, port, path="/"):
    """One request on its own connection, in seconds; None if there was no good answer."""
    began = time.monotonic()
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        answer = connection.getresponse()
        answer.read()
        return time.monotonic() - began if answer.status == 200 else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def ready(ports, url):
    """A path on 127.0.0.1:PORT that has to answer 200, or no more than open ports."""
    if url == "-":
        return lambda: set(ports) <= open_ports()
    where = urllib.parse.urlsplit(url)
    return lambda: get(where.hostname, where.port, where.path) is not None


def start(ports, health, url, command):
    ports = [int(port) for port in ports.split(",")]
    to = urllib.parse.urlsplit(url)

    def begin():
        until(lambda: not set(ports) & open_ports(), 10, 0.01)
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
        )

    process = begin()
    try:
        first_byte = until(lambda: get(to.hostname, to.port), 30, 0.002)
    finally:
        end(process)
    process = begin()
    try:
        until_ready = until(ready(ports, health), 30, 0.005)
        first = [get(to.hostname, to.port) for _ in range(20)]
        rest = [get(to.hostname, to.port) for _ in range(400)]
    finally:
        end(process)
    steady = statistics.median(rest[-100:])
    figures = {
        "ready": until_ready * 1000,
        "first_byte": first_byte * 1000,
        "first_connection": first[0] * 1000,
        "slowest_of_first_20": max(first) * 1000,
        "steady_connection": steady * 1000,
    }
    print(json.dumps(figures))


def end(process):
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def connected(host, port):
    held = socket.create_connection((host, port), timeout=30)
    held.sendall(REQUEST)
    if not held.recv(4096).startswith(b"HTTP/1.1 200"):
        raise ConnectionError("no good answer")
    return held


def hold(host, port):
    held = []
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        for line in sys.stdin:
            if line.strip() == "alive":
                print(sum(pool.map(alive, held)), flush=True)
                continue
            more = int(line) - len(held)
            held += pool.map(lambda _: connected(host, int(port)), range(more))
            print(len(held), flush=True)


def crowd(host, port):
    """As hold, of clients that may be turned away."""
    held = []

    def attempt(_):
        try:
            return connected(host, int(port))
        except OSError:
            return None

    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        for line in sys.stdin:
            if line.strip() == "alive":
                print(sum(pool.map(alive, held)), flush=True)
            else:
                held += filter(None, pool.map(attempt, range(int(line))))
                print(len(held), flush=True)


def alive(held):
    try:
        held.sendall(REQUEST)
        return held.recv(4096).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def half_open(host, port):
    """Half a ClientHello each; who is cut off begins again about a second later."""
    choir = HalfOpen(host, int(port), int(sys.stdin.readline()))
    threading.Thread(target=choir.keep, daemon=True).start()
    choir.full.wait(60)
    print(choir.wanted, flush=True)
    sys.stdin.readline()
    print(choir.begun, flush=True)


class HalfOpen:
    def __init__(self, host, port, wanted):
        self.address, self.wanted = (host, port), wanted
        self.begun, self.full = 0, threading.Event()
        self.selector = selectors.DefaultSelector()

    def keep(self):
        for _ in range(self.wanted):
            self.begin()
        self.full.set()
        due = []
        while True:
            for key, _ in self.selector.select(0.05):
                self.selector.unregister(key.fileobj)
                key.fileobj.close()
                heapq.heappush(due, time.monotonic() + random.uniform(0.5, 1.5))
            while due and due[0] <= time.monotonic():
                heapq.heappop(due)
                self.begin()

    def begin(self):
        try:
            begun = socket.create_connection(self.address, timeout=5)
            begun.sendall(bytes([22, 3, 1, 1, 0, 1, 0, 0, 252, 3, 3]))
            self.begun += 1
            self.selector.register(begun, selectors.EVENT_READ)
        except OSError:
            pass


def burst(host, port, count):
    """All of them begin to connect, whatever becomes of the first; then their answers are seen to."""
    selector = selectors.DefaultSelector()
    began = time.monotonic()
    for _ in range(count):
        opened = socket.socket()
        opened.setblocking(False)
        opened.connect_ex((host, port))
        selector.register(opened, selectors.EVENT_WRITE)
    opening = time.monotonic() - began
    found = {"answered": 0, "lost": 0, "opened within, s": opening}
    while selector.get_map() and time.monotonic() - began < 120:
        for key, events in selector.select(1):
            step(selector, key.fileobj, events, found)
    found["lost"] += len(selector.get_map())
    found["all answered within, s"] = time.monotonic() - began
    print(json.dumps(found))


def step(selector, opened, events, found):
    try:
        if events & selectors.EVENT_WRITE:
            opened.sendall(REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
            selector.modify(opened, selectors.EVENT_READ)
            return
        answer = opened.recv(4096)
        found["answered" if answer.startswith(b"HTTP/1.1 200") else "lost"] += 1
    except OSError:
        found["lost"] += 1
    selector.unregister(opened)
    opened.close()


def unread(port):
    listener = socket.create_server(("", port))
    taken, _ = listener.accept()
    time.sleep(600)
    taken.close()


def fill(host, port, seconds):
    sender = socket.create_connection((host, port), timeout=5)
    sender.settimeout(seconds)
    sent = 0
    try:
        while True:
            sent += sender.send(bytes(1 << 16))
    except TimeoutError:
        print(sent)


def main(what, *words):
    match what:
        case "listening":
            until(lambda: {int(port) for port in words[1:]} <= open_ports(), float(words[0]), 0.02)
        case "start":
            start(*words[:3], words[3:])
        case "hold":
            hold(*words)
        case "crowd":
            crowd(*words)
        case "half-open":
            half_open(*words)
        case "burst":
            burst(words[0], int(words[1]), int(words[2]))
        case "unread":
            unread(int(words[0]))
        case "fill":
            fill(words[0], int(words[1]), float(words[2]))


try:
    main(*sys.argv[1:])
except (OSError, TypeError) as problem:
    sys.exit(f"{sys.argv[1]}: {type(problem).__name__}: {problem}")
