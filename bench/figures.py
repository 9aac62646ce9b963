"""What /proc tells: the CPU that processes used, what nobody in the test used, and memory."""

import contextlib
import dataclasses
import os
import time

TICK = os.sysconf("SC_CLK_TCK")
CPUS = os.cpu_count()


def stat(pid):
    """Parent and CPU seconds of a process: its threads', without its children's."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
        # The name stands in parentheses and may hold anything.
        fields = file.read().rpartition(")")[2].split()
    return int(fields[1]), (int(fields[11]) + int(fields[12])) / TICK


def family(*ancestors):
    """CPU seconds of these processes and of all that descend from them, by pid."""
    parents, cpu = {}, {}
    for entry in filter(str.isdecimal, os.listdir("/proc")):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            parents[int(entry)], cpu[int(entry)] = stat(entry)
    found, fresh = set(), set(ancestors)
    while fresh:
        found |= fresh
        fresh = {pid for pid, parent in parents.items() if parent in fresh} - found
    return {pid: cpu[pid] for pid in found if pid in cpu}


def machine_busy():
    """CPU seconds of all processes, and what the hypervisor gave to others."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, _, _, _, _, steal = map(int, file.readline().split()[1:9])
    return (user + nice + system + steal) / TICK


def ours():
    """CPU seconds of everything that the benchmark runs or ran."""
    reaped = os.times()
    return sum(family(os.getpid()).values()) + reaped.children_user + reaped.children_system


@dataclasses.dataclass
class Span:
    """What was used from the beginning of a with block to its end."""

    pids: list
    seconds: float = 0
    cpu: float = 0
    others: float = 0

    def __enter__(self):
        self.before = (sum(family(*self.pids).values()), machine_busy() - ours(), time.monotonic())
        return self

    def __exit__(self, *_):
        cpu, others, began = self.before
        self.seconds = time.monotonic() - began
        self.cpu = sum(family(*self.pids).values()) - cpu
        used = machine_busy() - ours() - others
        self.others = min(1.0, max(0.0, used / self.seconds / CPUS))


def memory(*pids):
    """Megabytes of these processes and their descendants, as the kernel sums them up."""
    total = {"Rss": 0, "Pss": 0, "Anonymous": 0}
    for pid in family(*pids):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
                for line in file:
                    name, _, rest = line.partition(":")
                    if name in total:
                        total[name] += int(rest.split()[0]) / 1024
    return total
