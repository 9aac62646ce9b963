#!/usr/bin/env python3
"""What has to happen inside a namespace; bench/run calls it there.

  listening SECONDS PORT...        waits until these ports are open
  start PORTS READY URL COMMAND... starts a sidecar and times it: prints JSON
  hold HOST PORT                   for each number on standard input, holds so many connections
"""

import concurrent.futures
import http.client
import json
import socket
import statistics
import subprocess
import sys
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
            more = int(line) - len(held)
            held += pool.map(lambda _: connected(host, int(port)), range(more))
            print(len(held), flush=True)


def main(what, *words):
    match what:
        case "listening":
            until(lambda: {int(port) for port in words[1:]} <= open_ports(), float(words[0]), 0.02)
        case "start":
            start(*words[:3], words[3:])
        case "hold":
            hold(*words)


try:
    main(*sys.argv[1:])
except (OSError, TypeError) as problem:
    sys.exit(f"{sys.argv[1]}: {type(problem).__name__}: {problem}")
