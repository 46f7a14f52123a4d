"""What checking costs: every prober in turn checks the same backends, in windows of its own.

A window is a network namespace with a target that answers for all addresses of loopback, and one
prober. The target counts the requests, the kernel counts the connections; what the prober used
meanwhile is the kernel's word as well. Rounds go over all probers, so that whatever the machine
does meanwhile hits all of them alike.
"""

import contextlib
import functools
import os
import shutil
import struct
import sys
import time
from pathlib import Path
from typing import NamedTuple

import probers
import servers
from programs import Program
from rows import Samples
from waiting import until
from world import BUILD, ip

ROUNDS = int(os.environ.get("ROUNDS", "3"))
SIZES = [int(size) for size in os.environ.get("SIZES", "1000 10000").split()]
SETTLING = 1.2  # seconds from the first round of checks to the window
WINDOW = 2.0  # seconds; gdnsd checks each backend once in it
LONGEST_FIRST_ROUND = 60

NAMESPACE = "window"
# With a real-time priority: what else runs on this machine must not make a prober late, nor let it
# find more to do at a time than it would have by itself.
PROMPTLY = ("chrt", "--rr", "1")
AS_OTHERS = ("ip", "netns", "exec", NAMESPACE)
INSIDE = (*AS_OTHERS, *PROMPTLY)


class Usage(NamedTuple):
    checks: int
    cpu: int  # nanoseconds of the prober, user and system
    time: float

    def since(self, before):
        return Usage(*(now - then for now, then in zip(self, before)))


class Window:
    """A target in a namespace of its own. Entered, it is up; all in it ends with the block. With
    `split`, each of two targets has a half of the addresses, and `other` is the second of them."""

    def __init__(self, method, split=0):
        self.method = method
        self.split = split  # of so many addresses
        self.folder = servers.FOLDER / "window"
        self.parts = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as parts:
            self.folder.mkdir(parents=True)
            parts.callback(shutil.rmtree, self.folder)
            ip(f"netns add {NAMESPACE}")
            parts.callback(ip, f"netns del {NAMESPACE}")
            ip(f"-n {NAMESPACE} link set lo up")
            self.target, *others = [parts.enter_context(contextlib.closing(target))
                                    for target in self.targets()]
            self.other = others[0] if others else None
            until(self.listening, "the target listens")
            self.parts = parts.pop_all()
        return self

    def __exit__(self, *error):
        self.parts.close()

    def targets(self):
        command = [*INSIDE, BUILD / "bench/engine_target", probers.PORT]
        if not self.split:
            return [Program([*command, self.folder / "count"], self.folder / "target.log")]
        found = probers.addresses(self.split)
        halves = [found[: self.split // 2], found[self.split // 2 :]]
        for number, half in enumerate(halves):
            (self.folder / f"half{number}").write_text("\n".join(half))
        return [Program([*command, self.folder / f"count{number}", self.folder / f"half{number}"],
                        self.folder / f"target{number}.log") for number in range(len(halves))]

    def listening(self):
        text = Path(f"/proc/{self.target.pid}/net/tcp").read_text()
        return text.count(f":{probers.PORT:04X} 00000000:0000 0A") == max(self.split, 1)

    def start(self, kind, size, inside=INSIDE):
        """Starts a prober of this kind, for so many backends."""
        found = probers.addresses(size)
        folder = self.folder / "prober"
        folder.mkdir()
        prober = kind(folder, self.method, found, inside)
        return self.parts.enter_context(contextlib.closing(prober))

    def checks(self):
        """How many there were, at this time. A plain connect never reaches the target itself."""
        if self.method == "tcp":
            return tcp_counters(self.target.pid)["ActiveOpens"]
        return struct.unpack("=Q", (self.folder / "count").read_bytes())[0]

    def usage(self, prober):
        return Usage(self.checks(), cpu_time(prober.pid), time.monotonic())


def tcp_counters(pid):
    """Of the network namespace of this process, see RFC 4022."""
    lines = Path(f"/proc/{pid}/net/snmp").read_text().splitlines()
    names, values = (line.split()[1:] for line in lines if line.startswith("Tcp:"))
    return {name: int(value) for name, value in zip(names, values)}


def cpu_time(pid):
    """Nanoseconds that all threads of the process ran: what getrusage tells, but not rounded."""
    clock = (~pid << 3) | 2  # as clock_getcpuclockid(3) makes it: CPUCLOCK_SCHED of a process
    return time.clock_gettime_ns(clock)


def private_bytes(pid):
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))


def first_round_over(window, prober, size):
    def over():
        if not prober.running():
            raise servers.NotRunning(servers.last_words(prober))
        return window.checks() >= size

    try:
        until(over, f"the first round of {prober.name}", LONGEST_FIRST_ROUND)
    except AssertionError as error:
        raise servers.NotRunning(f"{error}; {servers.last_words(prober)}") from None


class Figures(NamedTuple):
    cpu: float  # nanoseconds per check
    memory: int  # private bytes
    pace: float  # checks per second, of those that there should be


def measure(kind, method, size):
    with Window(method) as window:
        prober = window.start(kind, size)
        first_round_over(window, prober, size)
        time.sleep(SETTLING)
        before = window.usage(prober)
        time.sleep(WINDOW)
        used = window.usage(prober).since(before)
        pace = used.checks / used.time / size * kind.interval
        return Figures(used.cpu / used.checks, private_bytes(prober.pid), pace)


@functools.cache
def memory_when_empty(kind, method):
    with Window(method) as window:
        prober = window.start(kind, 0)
        time.sleep(SETTLING)
        return private_bytes(prober.pid)


def case_of(method, size, kind):
    return f"{method}-{size}-{kind.name}"


def costs(methods):
    """CPU and memory of every prober that knows these methods, by case_of()."""
    turns = [(kind, method, size)
             for size in SIZES for method in methods for kind in probers.ALL
             if method in kind.methods]
    results = {}
    for number in range(ROUNDS):
        print(f"bench: {', '.join(methods)}, round {number + 1} of {ROUNDS} …", file=sys.stderr)
        for kind, method, size in turns:
            take(results, number, kind, method, size)
    return results


def take(results, number, kind, method, size):
    """One more turn. A prober that can't be measured is given up, with the reason."""
    case = case_of(method, size, kind)
    if isinstance(results.get(case), str):
        return
    try:
        figures = measure(kind, method, size)
        empty = memory_when_empty(kind, method)
    except (servers.NotRunning, OSError) as error:
        results[case] = results["memory-" + case] = f"not measured: {error}"
        return
    cpu = results.setdefault(case, Samples())
    cpu[number] = figures.cpu
    cpu.note = note_on(kind, figures.pace)
    memory = results.setdefault("memory-" + case, Samples())
    memory[number] = (figures.memory - empty) / size


def note_on(kind, pace):
    notes = []
    if kind.interval > 1:
        notes.append(f"checks every {kind.interval} s, its shortest interval")
    if abs(pace - 1) > 0.1:
        notes.append(f"made {pace:.0%} of its checks")
    return ", ".join(notes)


def tcp():
    return costs(["tcp"])


def http():
    return costs(["http", "reuse"])
