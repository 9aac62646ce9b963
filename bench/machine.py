"""On what it was measured, and with which versions: no names of machines, no paths."""

import os
import platform
import re
import subprocess

from figures import CPUS
from peers import DIST

VERSIONS = {
    "Podveil": (DIST / "bin/podveil-sidecar", "--version"),
    "JDK": (DIST / "runtime/bin/java", "--version"),
    "HAProxy": ("haproxy", "-v"),
    "nginx": ("nginx", "-v"),
    "stunnel": ("stunnel4", "-version"),
    "OpenSSL": ("openssl", "version"),
}


def description():
    return {
        "cpu": f"{CPUS} × {line('/proc/cpuinfo', 'model name')}",
        "memory": f"{int(line('/proc/meminfo', 'MemTotal').split()[0]) // 1024} MB",
        "kernel": platform.release(),
        "system": line("/etc/os-release", "PRETTY_NAME").strip('"'),
        "versions": {name: version(*words) for name, words in VERSIONS.items()},
    }


def line(path, key):
    with open(path, encoding="utf-8") as file:
        for row in file:
            name, separator, value = row.replace("=", ":", 1).partition(":")
            if separator and name.strip() == key:
                return value.strip()
    return "unknown"


def version(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=os.environ)
    for said in (done.stdout + done.stderr).splitlines():
        if found := re.search(r"\d+\.\d[^\s,]*(?: \([^)]*\))?", said):
            return found.group()
    return "unknown"
