"""How long hlbd's loop is held by a reload with 100,000 services: the largest gap between two renewals
of the table's lease, which come every 100 ms; and what a lookup waits at most meanwhile."""

import os
import signal
import sys
import time

import engine
import probers
import start
from leases import Lease
from waiting import until
from world import write_services

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

    def reload(self, texts):
        """The largest gap meanwhile, in nanoseconds."""
        write_services(self.folder / "services.d", texts)
        times = self.readied()
        with Lease(self.runtime, pause=0.002) as lease:
            self.signal(signal.SIGHUP)
            until(lambda: self.readied() > times, "the reload done", LONGEST)
            time.sleep(0.5)  # for what comes after it
        return lease.largest_gap * 1e9


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
        lookups = start.PacedLookups(hlbd, LOOKED_UP, engine.AS_OTHERS)
        found = {
            "same": hlbd.reload(hlbd.texts(ALL)),
            "one": hlbd.reload(hlbd.texts(ALL, range(MANY // 2, MANY // 2 + 1))),
            "all": hlbd.reload(hlbd.texts(ALL, ALL)),
            "go": hlbd.reload(hlbd.texts(range(10), ALL)),
            "come": hlbd.reload(hlbd.texts(ALL)),
        }
        return found | {"slowest": max(lookups.taken())}
