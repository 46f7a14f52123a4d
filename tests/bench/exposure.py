"""For how long a dead backend is answered, of services as they are by default: checked every 2 s,
with another backend that stays.

SIGKILL of a process on this host; of one on another host, while nobody connects to it, and while
this host makes 100 connections a second; and another host that takes no packets any more. HAProxy
has the same backends, with its own defaults. OLD names the folder of an earlier hlb's programs,
which is measured likewise.
"""

import contextlib
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import detection
import probers
import servers
from detection import IN_PEER, lines_of, started
from rows import Samples
from waiting import until

KILLS = 20  # of each kind
PATIENCE = 30  # seconds
PLACES = {
    "local": [f"127.9.2.{number + 1}" for number in range(KILLS)],
    "remote": [f"10.98.1.{number + 1}" for number in range(KILLS)],
    "silent": [f"10.98.2.{number + 1}" for number in range(KILLS)],
    "busy": [f"10.98.3.{number + 1}" for number in range(KILLS)],
}
BACKENDS = [each for found in PLACES.values() for each in found]
BESIDE = ("remote", "silent")  # where HAProxy is measured beside hlbd
SPREAD = (0.0, 4.0)  # seconds from the first kill, so that no phase of an interval is preferred
BETWEEN = (0.2, 0.4)
OFTEN = 100  # microseconds between two lookups of the one that is killed

DROP = """\
add table inet exposure
add chain inet exposure input {{ type filter hook input priority 0; }}
add rule inet exposure input ip daddr {address} drop
"""


class Hlbd(detection.Hlbd):
    interval = 2


class OldHlbd(Hlbd):
    name = "hlbd before"
    build = Path(os.environ.get("OLD", ""))


class Haproxy(detection.PatientHaproxy):
    name = "HAProxy"


KINDS = [Hlbd, *([OldHlbd] if os.environ.get("OLD") else []), Haproxy]
PEERS = [kind for kind in KINDS if kind is not Haproxy]


def case_of(kind, place):
    return f"exposed-{place}-{kind.name}"


def exposure():
    results = {}
    for kind in PEERS:
        print(f"bench: exposure, {kind.name} …", file=sys.stderr)
        folder = servers.FOLDER / "exposure"
        folder.mkdir()
        with contextlib.ExitStack() as parts:
            parts.callback(shutil.rmtree, folder)
            running = detection.put_up(parts, folder, BACKENDS)
            hlbd = parts.enter_context(contextlib.closing(started(folder, kind, BACKENDS)))
            peers = []
            if kind is Hlbd:
                with contextlib.suppress(servers.NotRunning, AssertionError, OSError):
                    peers.append(parts.enter_context(contextlib.closing(started(folder, Haproxy, BACKENDS))))
            results |= measured(hlbd, peers, running)
    for place in BESIDE:
        results.setdefault(case_of(Haproxy, place), "not measured: no HAProxy")
    return results


def measured(hlbd, peers, running):
    one_by_one = {address: seen_alone(hlbd, address, running) for address in PLACES["local"]}
    busy, failed = {}, {}
    for address in PLACES["busy"]:
        busy[address], failed[address] = seen_while_used(hlbd, address, running)
    together = seen_together([hlbd, *peers], running)
    return {
        case_of(hlbd, "local"): samples(one_by_one, "local"),
        case_of(hlbd, "busy"): samples(busy, "busy"),
        f"failed-{hlbd.name}": samples(failed, "busy", in_ms=False),
        **{case_of(prober, place): samples(found, place)
           for prober, found in together.items() for place in BESIDE},
    }


def host_of(hlbd, address):
    return next(host for host, each in hlbd.hosts.items() if each == address)


def told(lookups, address, state):
    """When lookups last saw it in that state; None: they didn't."""
    times = [int(when) for each, now, when in lines_of(lookups) if (each, now) == (address, state)]
    return times[-1] if times else None


def killed(running, address):
    begun = time.monotonic_ns()
    running[address].kill()
    return begun


def seen_alone(hlbd, address, running):
    """Nanoseconds from the SIGKILL until lookups of its service, again and again, left it out."""
    with contextlib.closing(hlbd.look_up("watch", OFTEN, host_of(hlbd, address))) as lookups:
        until(lambda: told(lookups, address, "in"), f"{address} is answered", PATIENCE)
        time.sleep(random.uniform(*BETWEEN))
        begun = killed(running, address)
        until(lambda: told(lookups, address, "out"), f"{address} is left out", PATIENCE)
        end = told(lookups, address, "out")
    lookups.log_file.unlink()
    return end - begun


def seen_while_used(hlbd, address, running):
    """The same, beside a client; and how many of its connections failed."""
    host = host_of(hlbd, address)
    with contextlib.closing(hlbd.look_up("connect", probers.PORT, host)) as client:
        taken = seen_alone(hlbd, address, running)
        time.sleep(0.1)
    failed = len(lines_of(client))
    client.log_file.unlink()
    return taken, failed


def seen_together(watching, running):
    """{prober: {address: nanoseconds}} of remote kills, and of hosts that fall silent."""
    due = sorted((random.uniform(*SPREAD), address)
                 for place in BESIDE for address in PLACES[place])
    for prober in watching:
        prober.down()
    time.sleep(1)
    start, begun = time.monotonic(), {}
    found = {prober: {} for prober in watching}
    while due or any(begun.keys() - each.keys() for each in found.values()):
        if due and time.monotonic() >= start + due[0][0]:
            address = due.pop(0)[1]
            end = silenced if address in PLACES["silent"] else killed
            begun[address] = end(running, address)
        for prober, seen in found.items():
            for address, when in prober.down().items():
                if address in begun:
                    seen.setdefault(address, when - begun[address])
        if time.monotonic() > start + SPREAD[1] + PATIENCE:
            break
        time.sleep(detection.POLL)
    return found


def silenced(_, address):
    subprocess.run([*IN_PEER, "nft", "-f", "-"], input=DROP.format(address=address), check=True,
                   text=True)  # fmt: skip
    return time.monotonic_ns()


def samples(found, place, in_ms=True):
    addresses = PLACES[place]
    taken = Samples({number: found[address] for number, address in enumerate(addresses)
                     if address in found})
    if len(taken) < len(addresses):
        return f"not measured: noticed {len(taken)} of {len(addresses)}"
    worst = max(taken.values())
    taken.note = f"worst {worst / 1e6:.1f} ms" if in_ms else f"most {worst}"
    return taken
