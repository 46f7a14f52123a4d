"""How soon a dead backend is noticed: from the SIGKILL of its process until lookups, or what the
prober says, no longer have it.

Each backend is a process of its own, beside one that stays. Half of them are on this host, where
hlbd hears of a dead listener from the kernel, half in another network namespace, where a prober can
only probe. All probers watch all of them at the same time, each with its defaults and an interval
of 1 s or as near as it comes; HAProxy also with its own interval.
"""

import contextlib
import json
import random
import shutil
import socket
import subprocess
import sys
import time

import engine
import probers
import servers
from programs import Program
from rows import Samples
from waiting import until
from world import BUILD, environment, ip, seeing, service

KILLS = 20  # local, and as many remote
PEER = "detect"
IN_PEER = ("ip", "netns", "exec", PEER, *engine.PROMPTLY)
PATIENCE = 40  # seconds; gdnsd wants 10 failures in a row
POLL = 0.01
BETWEEN = (0.15, 0.45)  # seconds from kill to kill, so that no phase of an interval is preferred

LOCAL = [f"127.9.0.{number + 1}" for number in range(KILLS)]
REMOTE = [f"10.98.0.{number + 11}" for number in range(KILLS)]
PLACES = {"local": LOCAL, "remote": REMOTE}
BACKENDS = LOCAL + REMOTE
STANDBY = {"local": "127.9.1.1", "remote": "10.98.0.3"}  # stay, and are answered in others' place


class Hlbd(probers.HlbdProber):
    """A service for each backend, of which it is left out when it is down: lookups are watched."""

    lookups = None

    def down(self):
        """{backend left out: when, as lookups saw it}"""
        if not self.lookups:
            self.lookups = self.look_up("watch", 1000, *self.hosts)
        last = {address: (state, int(when)) for address, state, when in lines_of(self.lookups)}
        return {address: when for address, (state, when) in last.items() if state == "out"}

    def look_up(self, *words):
        """What engine/lookups.cpp does with these words, as a program of this hlbd's host."""
        command = [*seeing(self.runtime), BUILD / "bench/engine_lookups", *words]
        env = environment(LD_LIBRARY_PATH=str(self.build))
        return Program([*engine.INSIDE, *command], self.folder / f"{words[0]}.log", env)

    def services(self, method, found):
        self.hosts = {f"s{number}.bench": each for number, each in enumerate(found)}
        return [service(host, [each, standby_of(each)], self.check, answer="all")
                for host, each in self.hosts.items()]

    @property
    def check(self):
        return {"type": "tcp", "port": probers.PORT, "interval": f"{self.interval}s"}

    def close(self):
        if self.lookups:
            self.lookups.close()
        super().close()


class Haproxy(probers.Haproxy):
    def down(self):
        with socket.socket(socket.AF_UNIX) as stats:
            stats.connect(str(self.folder / "stats"))
            stats.sendall(b"show stat\n")
            text = b"".join(iter(lambda: stats.recv(65536), b"")).decode()
        lines = [line.split(",") for line in text.splitlines()]
        return now({fields[1] for fields in lines
                    if len(fields) > 17 and fields[17].startswith("DOWN")})


class PatientHaproxy(Haproxy):
    name = "HAProxy, its own 2 s"
    interval = 2


class Gdnsd(probers.Gdnsd):
    def down(self):
        command = [servers.peer("/usr/bin/gdnsdctl"), "-c", self.folder, "states"]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return now({name.split("/")[0] for name, each in json.loads(text).items()
                    if each["state"].startswith("DOWN")})


def now(addresses):
    return dict.fromkeys(addresses, time.monotonic_ns())


def lines_of(program):
    """Of its log, those that are whole, in words."""
    return [line.split() for line in program.log().split("\n")[:-1]]


def standby_of(address):
    return STANDBY["local" if address.startswith("127.") else "remote"]


KINDS = [Hlbd, Haproxy, PatientHaproxy, Gdnsd]


def case_of(kind, place):
    return f"detect-{place}-{kind.name}"


def network(addresses):
    """The namespaces of the probers and of the remote backends with these addresses, joined."""
    with contextlib.ExitStack() as parts:
        for name in [engine.NAMESPACE, PEER]:
            ip(f"netns add {name}")
            parts.callback(ip, f"netns del {name}")
            ip(f"-n {name} link set lo up")
        ip(f"-n {engine.NAMESPACE} link add veth0 type veth peer name veth0 netns {PEER}")
        for name, address in [(engine.NAMESPACE, "10.98.0.1"), (PEER, "10.98.0.2")]:
            ip(f"-n {name} addr add {address}/16 dev veth0")
            ip(f"-n {name} link set veth0 up")
        for address in addresses:
            ip(f"-n {PEER} addr add {address}/16 dev veth0")
        return parts.pop_all()


def backend(folder, address):
    told = folder / f"{address}.address"
    told.write_text(address)
    inside = engine.INSIDE if address.startswith("127.") else IN_PEER
    command = [BUILD / "bench/engine_target", probers.PORT, folder / f"{address}.count", told]
    return Program([*inside, *command], folder / f"{address}.log")


def put_up(parts, folder, backends):
    """{address: program} of these and of those that stay, in a network of their own, until the
    parts are closed."""
    addresses = [*backends, *STANDBY.values()]
    parts.enter_context(network([each for each in addresses if not each.startswith("127.")]))
    running = {each: parts.enter_context(contextlib.closing(backend(folder, each)))
               for each in addresses}
    time.sleep(0.5)
    return running


def detection():
    print("bench: detection …", file=sys.stderr)
    folder = servers.FOLDER / "detection"
    folder.mkdir()
    with contextlib.ExitStack() as parts:
        parts.callback(shutil.rmtree, folder)
        running = put_up(parts, folder, BACKENDS)
        results, watching = {}, []
        for kind in KINDS:
            try:
                watching.append(parts.enter_context(contextlib.closing(begun(folder, kind))))
            except (servers.NotRunning, AssertionError, OSError) as error:
                results |= {case_of(kind, place): f"not measured: {error}" for place in PLACES}
        return results | kill_all(running, watching)


def started(folder, kind, backends):
    """A prober that has checked all of these."""
    own = folder / kind.__name__
    own.mkdir()
    prober = kind(own, "tcp", backends, engine.INSIDE)
    time.sleep(1 + kind.interval)
    if not prober.running():
        raise servers.NotRunning(servers.last_words(prober))
    return prober


def begun(folder, kind):
    prober = started(folder, kind, BACKENDS)
    until(lambda: not prober.down(), f"no backend down for {kind.name}")
    return prober


def kill_all(running, started):
    """{case: {number of the backend: nanoseconds}}, in an order of chance."""
    killed, noticed = {}, {prober: {} for prober in started}
    order = random.sample(BACKENDS, len(BACKENDS))
    next_kill = last_kill = time.monotonic()
    while order or any(len(found) < len(killed) for found in noticed.values()):
        if order and time.monotonic() >= next_kill:
            address = order.pop()
            killed[address] = time.monotonic_ns()
            running[address].kill()
            last_kill = time.monotonic()
            next_kill = last_kill + random.uniform(*BETWEEN)
        for prober, found in noticed.items():
            for address, when in prober.down().items():
                if address in killed:
                    found.setdefault(address, when)
        if time.monotonic() > last_kill + PATIENCE:
            break
        time.sleep(POLL)
    return {case: samples for prober, found in noticed.items()
            for case, samples in samples_of(prober, killed, found)}


def samples_of(prober, killed, found):
    for place, addresses in PLACES.items():
        case = case_of(prober, place)
        taken = Samples({number: found[address] - killed[address]
                         for number, address in enumerate(addresses) if address in found})
        if len(taken) < len(addresses):
            yield case, f"not measured: noticed {len(taken)} of {len(addresses)}"
            continue
        taken.note = f"worst {max(taken.values()) / 1e6:.0f} ms"
        yield case, taken
