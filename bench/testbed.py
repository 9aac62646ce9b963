"""Namespaces joined by a bridge, and the processes in them. All of it goes when the bed is closed."""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

PREFIX = "podveil-bench-"
HERE = pathlib.Path(__file__).resolve().parent
HELPER = HERE / "inside.py"

# As much as the longest run of new connections takes, and none of the services' own ports.
SYSCTLS = {
    "net.ipv4.ip_local_port_range": "10000 65535",
    "net.ipv4.tcp_tw_reuse": "1",
    "net.core.somaxconn": "4096",
    # Where BBR is a machine's default, its timers would be measured more than anything else. Without
    # loss this is the same as CUBIC, the usual default, which a namespace may not choose for itself.
    "net.ipv4.tcp_congestion_control": "reno",
}


class Trouble(Exception):
    """What went wrong, and what to do, in one line."""


def command(*words, **options):
    """Runs a command to its end and returns what it printed."""
    words = [str(word) for word in words]
    done = subprocess.run(words, capture_output=True, text=True, start_new_session=True, **options)
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing").splitlines()
        telling = next((line for line in said if "rror" in line), said[-1])
        raise Trouble(f"'{' '.join(words)}' failed and said: {telling}")
    return done.stdout


class Pod:
    """One namespace and what runs in it."""

    def __init__(self, bed, name, address):
        self.bed, self.name, self.address = bed, name, address
        self.namespace = PREFIX + name

    def words(self, words):
        return ["nsenter", f"--net=/run/netns/{self.namespace}", *map(str, words)]

    def run(self, *words, **options):
        return command(*self.words(words), **options)

    def start(self, label, *words, **options):
        """Starts a process that stays; its output goes to a log, its end comes with the bed's."""
        path = self.bed.directory / f"{self.name}-{label}.log"
        with open(path, "ab") as log:
            options = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, **options}
            process = subprocess.Popen(self.words(words), start_new_session=True, **options)
        process.log = path
        self.bed.running.append(process)
        return process

    def await_listening(self, process, *ports):
        words = self.words([sys.executable, HELPER, "listening", 15, *ports])
        done = subprocess.run(words, stderr=subprocess.DEVNULL)
        if done.returncode != 0 or process.poll() is not None:
            raise Trouble(f"{process.args[2]} in {self.name} doesn't serve: {last_line(process.log)}")


def last_line(path):
    lines = path.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"{path.name} says nothing"


class Testbed(contextlib.AbstractContextManager):
    """Pods on one bridge: 10.77.0.0/16 is the mesh, 198.51.100.0/24 lies outside of it."""

    def __init__(self, directory):
        if any(name.startswith(PREFIX) for name in namespaces()):
            raise Trouble("another benchmark runs, or one was killed; bench/run --clean removes it")
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        self.directory = directory
        self.running = []
        self.pods = []
        self.wire = PREFIX + "wire"
        command("ip", "netns", "add", self.wire)
        command("ip", "-n", self.wire, "link", "add", "bridge", "type", "bridge")
        command("ip", "-n", self.wire, "link", "set", "bridge", "up")

    def pod(self, name, address):
        """A namespace on the wire, which reaches both networks."""
        pod = Pod(self, name, address)
        port = f"pod{len(self.pods)}"
        command("ip", "netns", "add", pod.namespace)
        self.pods.append(pod)
        command(
            *("ip", "-n", self.wire, "link", "add", port, "type", "veth"),
            *("peer", "name", "eth0", "netns", pod.namespace),
        )
        command("ip", "-n", self.wire, "link", "set", port, "master", "bridge", "up")
        inside = ("ip", "-n", pod.namespace)
        command(*inside, "link", "set", "lo", "up")
        command(*inside, "link", "set", "eth0", "up")
        command(*inside, "address", "add", f"{address}/32", "dev", "eth0")
        for network in ("10.77.0.0/16", "198.51.100.0/24"):
            command(*inside, "route", "add", network, "dev", "eth0", "src", address)
        pod.run("sysctl", "-qw", *(f"{key}={value}" for key, value in SYSCTLS.items()))
        return pod

    def stop(self, process):
        """Ends one process that was started here, and no other."""
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait()
        for stream in filter(None, (process.stdin, process.stdout)):
            with contextlib.suppress(BrokenPipeError):
                stream.close()
        self.running.remove(process)

    def __exit__(self, *_):
        for process in reversed(self.running):
            process.terminate()
        while self.running:
            self.stop(self.running[-1])
        clean()


def namespaces():
    return [entry["name"] for entry in json.loads(command("ip", "-j", "netns") or "[]")]


def clean():
    """Removes what bears our name, and whatever still runs in there."""
    for name in namespaces():
        if name.startswith(PREFIX):
            for pid in command("ip", "netns", "pids", name).split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), 9)
            command("ip", "netns", "del", name)
