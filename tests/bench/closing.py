"""How soon connections to a backend that went down are ended, and what lookups wait meanwhile, on a
host with many other connections.

The backend's check is refused by the firewall; its connections, at another port, are as alive as the
others. From the first of them that ends until the last; and from the check's refusal, which is
confirmed after 50 ms, until the first ends.
"""

import os
import sys
import time

import changes
import engine
import probers
import start
from programs import Program
from waiting import until
from world import BUILD, service

KEPT_PORT = probers.PORT + 1
DOOMED = 10_000  # connections
OTHERS = int(os.environ.get("OTHERS", "90000"))  # both of whose ends are on this host
AT_A_TIME = 18_000  # of a process, whose descriptors are limited
DEAD, ALIVE = probers.addresses(2)


class Closing(probers.HlbdProber):
    """Has one service, of two backends."""

    def services(self, method, found):
        check = {"type": "tcp", "port": probers.PORT, "interval": "1s"}
        return [service("s0.bench", found, check, close_connections="all", close_ports=[KEPT_PORT])]


class Kept:
    """Connections to an address, each end of them in a process."""

    def __init__(self, window, number, address, count):
        keeper = [*engine.INSIDE, BUILD / "bench/engine_keeper"]
        folder = window.folder
        self.count = count
        self.server = Program([*keeper, "serve", address, KEPT_PORT], folder / f"server{number}.log")
        self.server.wait_for_log("ready")
        source = f"127.200.{number}.1"
        self.client = Program([*keeper, "hold", address, KEPT_PORT, source, count], folder / f"client{number}.log")
        self.client.wait_for_log("ready", 60)

    def ended(self):
        """How many have, and when: (total, nanoseconds) at each turn."""
        lines = [line.split() for line in self.client.log().split("\n")[:-1]]
        return [(int(words[1]), int(words[2])) for words in lines if words[0] == "ended"]

    def all_ended(self):
        return any(total == self.count for total, _ in self.ended())

    def close(self):
        self.client.close()
        self.server.close()


def closing():
    """Nanoseconds: until the first is ended, until all are, and of the 99th percentile of lookups."""
    results = {}
    for number in range(engine.ROUNDS):
        print(f"bench: closing, round {number + 1} of {engine.ROUNDS} …", file=sys.stderr)
        figures = start.attempt(one_round) or [None] * 4
        for case, figure in zip(["closing-first", "closing-all", "lookup-calm", "lookup-closing"], figures):
            start.keep(results, case, number, figure)
    return results


def one_round():
    with engine.Window("tcp") as window:
        changes.nft(changes.RULES)
        kept = [keep(window, 0, DEAD, DOOMED)]
        while (left := OTHERS - sum(each.count for each in kept[1:])) > 0:
            kept.append(keep(window, len(kept), f"127.100.{len(kept)}.1", min(left, AT_A_TIME)))
        hlbd = window.start(Closing, 2)
        until(hlbd.ready, "READY from hlbd", engine.LONGEST_FIRST_ROUND)
        time.sleep(engine.SETTLING)
        calm = start.percentile_of_lookups(hlbd)
        refused_at = []
        meanwhile = start.percentile_of_lookups(hlbd, lambda: refused_at.append(refuse()))
        until(kept[0].all_ended, "all are ended", 10)
        turns = kept[0].ended()
        assert not any(each.ended() for each in kept[1:]), "no others are"
        first, last = turns[0][1], turns[-1][1]
        return first - refused_at[0], last - first, calm, meanwhile


def keep(window, number, address, count):
    kept = Kept(window, number, address, count)
    window.parts.callback(kept.close)
    return kept


def refuse():
    """Since when the check's next probe is."""
    changes.nft(f"add element inet bench gone {{ {DEAD} }}")
    return time.monotonic_ns()
