"""How long hlbd's loop is held by a reload with 100,000 services: the largest gap between two renewals
of the table's lease, which come every 100 ms; and what a lookup waits at most meanwhile."""

import os
import signal
import sys
import threading
import time

import engine
import probers
import servers
import start
from programs import Program
from waiting import until
from world import BUILD, environment, seeing

MANY = int(os.environ.get("MANY", "100000"))
LONGEST = 60  # seconds
LOOKED_UP = 40  # seconds, which the reloads don't take
ALL, NONE = range(MANY), range(0)


class Reloaded(probers.HlbdProber):
    """Has services of one backend each, which is never checked."""

    def services(self, method, found):
        return self.texts(ALL)

    def texts(self, numbers, moved=NONE):
        """Of the services with these numbers, of which some have moved to other addresses."""
        return [f'[[service]]\nname = "s{number}.bench"\ncheck = {{ type = "none" }}\n'
                f'backends = ["127.{(11 if number in moved else 1) + number // 62500}.'
                f'{number // 250 % 250}.{number % 250 + 1}"]\n' for number in numbers]

    def readied(self):
        return self.notifications.count("READY", "1")

    def lease(self):
        with open(self.runtime / "table", "rb") as table:
            return table.read(24)[16:]

    def reload(self, texts):
        """The largest gap meanwhile, in nanoseconds."""
        services = self.folder / "services.d"
        for file in services.iterdir():
            file.unlink()
        services.rmdir()
        servers.write_services(services, texts)
        times = self.readied()
        gaps = Gaps(self)
        self.signal(signal.SIGHUP)
        until(lambda: self.readied() > times, "the reload done", LONGEST)
        time.sleep(0.5)  # for what comes after it
        return gaps.largest()


class Gaps(threading.Thread):
    def __init__(self, hlbd):
        super().__init__()
        self.hlbd = hlbd
        self.ending = threading.Event()
        self.gap = 0
        self.start()

    def run(self):
        lease, since = self.hlbd.lease(), time.monotonic_ns()
        while not self.ending.wait(0.002):
            now = self.hlbd.lease()
            if now != lease:
                self.gap = max(self.gap, time.monotonic_ns() - since)
                lease, since = now, time.monotonic_ns()

    def largest(self):
        self.ending.set()
        self.join()
        return self.gap


def reload():
    results = {}
    for number in range(engine.ROUNDS):
        print(f"bench: reload, round {number + 1} of {engine.ROUNDS} …", file=sys.stderr)
        figures = start.attempt(one_round) or {}
        for case in ["same", "one", "all", "go", "come", "slowest"]:
            start.keep(results, f"reload-{case}", number, figures.get(case))
    return results


def one_round():
    with engine.Window("tcp") as window:
        # Its worker reads the files meanwhile, and would leave nobody the core.
        hlbd = window.start(Reloaded, 1, engine.AS_OTHERS)
        until(hlbd.ready, "READY from hlbd", LONGEST)
        lookups = Lookups(hlbd)
        found = {
            "same": hlbd.reload(hlbd.texts(ALL)),
            "one": hlbd.reload(hlbd.texts(ALL, range(MANY // 2, MANY // 2 + 1))),
            "all": hlbd.reload(hlbd.texts(ALL, ALL)),
            "go": hlbd.reload(hlbd.texts(range(10), ALL)),
            "come": hlbd.reload(hlbd.texts(ALL)),
        }
        return found | {"slowest": lookups.slowest()}


class Lookups:
    """Of a service that stays, all the time, in a process on the other core."""

    def __init__(self, hlbd):
        command = [*seeing(hlbd.runtime), "taskset", "-c", start.OTHER_CORE, BUILD / "bench/engine_lookups",
                   "pace", LOOKED_UP, "s0.bench"]
        env = environment(LD_LIBRARY_PATH=str(BUILD))
        self.program = Program([*engine.AS_OTHERS, *command], hlbd.folder / "lookups.log", env)

    def slowest(self):
        if self.program.process.wait(2 * LONGEST) != 0:
            raise servers.NotRunning(servers.last_words(self.program))
        return max(int(line) for line in self.program.log().splitlines())
