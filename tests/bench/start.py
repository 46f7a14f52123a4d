"""How long a prober takes from its start until it knows 10,000 backends, and what a lookup waits
meanwhile."""

import os
import statistics
import sys
import time

import engine
import probers
import servers
from programs import Program
from rows import Samples
from waiting import until
from world import BUILD, environment, seeing

BACKENDS = 10_000
PACE_SECONDS = 2
OTHER_CORE = max(os.sched_getaffinity(0))  # as a scheduler would place what finds a core busy


class Quiet(probers.HlbdProber):
    """Checks once, at its start, and hardly ever again."""

    interval = 3600


def start():
    """Nanoseconds, and those of the 99th percentile of lookups."""
    results = {}
    for number in range(engine.ROUNDS):
        print(f"bench: start, round {number + 1} of {engine.ROUNDS} …", file=sys.stderr)
        for kind in [probers.HlbdProber, probers.Haproxy, probers.Gdnsd]:
            took = attempt(all_known, kind)
            keep(results, f"start-{kind.name}", number, took)
        idle, meanwhile = attempt(lookups_meanwhile) or (None, None)
        keep(results, "lookup-idle", number, idle)
        keep(results, "lookup-meanwhile", number, meanwhile)
    return results


def attempt(measured, *details):
    try:
        return measured(*details)
    except (servers.NotRunning, AssertionError, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return None


def keep(results, case, number, figure):
    if figure is not None:
        results.setdefault(case, Samples())[number] = figure
    else:
        results.setdefault(case, "not measured")


def all_known(kind):
    with engine.Window("tcp") as window:
        begun = time.monotonic_ns()
        prober = window.start(kind, BACKENDS)
        if kind is probers.HlbdProber:
            until(prober.ready, "READY from hlbd", engine.LONGEST_FIRST_ROUND)
        else:
            engine.first_round_over(window, prober, BACKENDS)
        return time.monotonic_ns() - begun


def lookups_meanwhile():
    """While nothing is checked; and while hlbd starts anew, and the table of the one before it
    lasts."""
    with engine.Window("tcp") as window:
        hlbd = window.start(Quiet, BACKENDS)
        until(hlbd.ready, "READY from hlbd", engine.LONGEST_FIRST_ROUND)
        time.sleep(engine.SETTLING)
        idle = percentile_of_lookups(hlbd)
        hlbd.kill()
        meanwhile = percentile_of_lookups(hlbd, hlbd.start)
        return idle, meanwhile


def percentile_of_lookups(hlbd, at_first=None):
    lookups = PacedLookups(hlbd, PACE_SECONDS)
    if at_first:
        time.sleep(0.1)
        at_first()
    return statistics.quantiles(lookups.taken(), n=100)[98]


class PacedLookups:
    """One each millisecond, for so many seconds, on the other core."""

    def __init__(self, hlbd, seconds, inside=engine.INSIDE):
        self.seconds = seconds
        command = [*seeing(hlbd.runtime), "taskset", "-c", OTHER_CORE, BUILD / "bench/engine_lookups",
                   "pace", seconds, "s0.bench"]
        env = environment(LD_LIBRARY_PATH=str(BUILD))
        self.program = Program([*inside, *command], hlbd.folder / "lookups.log", env)

    def taken(self):
        """Nanoseconds of each, once all are over."""
        if self.program.process.wait(10 + self.seconds) != 0:
            raise servers.NotRunning(servers.last_words(self.program))
        taken = [int(line) for line in self.program.log().splitlines()]
        self.program.log_file.unlink()
        return taken
