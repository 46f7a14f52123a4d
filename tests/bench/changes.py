"""How soon a change among 10,000 backends is in the table.

From outside: from the RST that lets hlbd decide, when the kernel sends it, until the table says so.
A backend that is taken away refuses by the firewall, one change at a time, and is left out by its
first refusal; 5,000 at once, all of their services, go down with the process that listens for them.
"""

import collections
import subprocess
import sys
import time

import engine
import probers
import servers
from programs import Program
from rows import Samples
from waiting import until
from world import BUILD

BACKENDS = 10_000
SINGLE = 15  # changes
AMID_MANY = 3  # refusals in a row, when so much fails that hlbd confirms twice
QUIET = 3  # seconds after which all is in the table

RULES = f"""\
table inet bench {{
  set gone {{ type ipv4_addr; }}
  chain input {{
    type filter hook input priority 0;
    tcp dport {probers.PORT} ip daddr @gone reject with tcp reset
  }}
}}
"""


class Observer(Program):
    def __init__(self, window, hlbd):
        command = [BUILD / "bench/engine_observer", probers.PORT, hlbd.runtime]
        super().__init__([*engine.INSIDE, *command], window.folder / "observer.log")
        self.wait_for_log("ready")

    def seen(self):
        """The times of each address's refusals, and those of the table's changes."""
        refusals, changes = collections.defaultdict(list), []
        for line in self.log().split("\n")[:-1]:
            kind, *rest = line.split()
            if kind == "refused":
                refusals[rest[0]].append(int(rest[1]))
            elif kind == "up":
                changes.append(int(rest[1]))
        return refusals, changes


def nft(text):
    subprocess.run([*engine.INSIDE, "nft", "-f", "-"], input=text, text=True, check=True)


def changes():
    print("bench: changes …", file=sys.stderr)
    results = {}
    for case, measured in [("change-1", one_by_one), ("change-5000", at_once)]:
        try:
            results |= measured()
        except (servers.NotRunning, AssertionError, OSError) as error:
            results[case] = f"not measured: {error}"
    results.setdefault("change-5000-killed", "not measured")
    return results


def under_check(window):
    hlbd = window.start(probers.HlbdProber, BACKENDS)
    until(hlbd.ready, "READY from hlbd", engine.LONGEST_FIRST_ROUND)
    time.sleep(engine.SETTLING)
    return hlbd


def one_by_one():
    with engine.Window("tcp") as window:
        nft(RULES)
        hlbd = under_check(window)
        observer = Observer(window, hlbd)
        samples = Samples()
        try:
            for number, address in enumerate(probers.addresses(BACKENDS)[:: BACKENDS // SINGLE]):
                samples[number] = time_to_table(observer, address)
        finally:
            observer.close()
        return {"change-1": samples}


def time_to_table(observer, address):
    before = len(observer.seen()[1])
    nft(f"add element inet bench gone {{ {address} }}\n")
    until(lambda: len(observer.seen()[1]) > before, f"a table without {address}")
    refusals, changes = observer.seen()
    return changes[before] - refusals[address][0]


def at_once():
    """From the last of all that were decided, and from the signal, until the last change."""
    decided, killed = Samples(), Samples()
    for number in range(engine.ROUNDS):
        with engine.Window("tcp", split=BACKENDS) as window:
            hlbd = under_check(window)
            observer = Observer(window, hlbd)
            begun = time.time_ns()
            window.other.kill()
            time.sleep(QUIET)
            observer.close()
            refusals, table = observer.seen()
            if len(refusals) < BACKENDS // 2:
                raise servers.NotRunning(f"only {len(refusals)} were seen to refuse")
            last = max(each for times in refusals.values() for each in times[:AMID_MANY]
                       if each < table[-1])
            decided[number] = table[-1] - last
            killed[number] = table[-1] - begun
    return {"change-5000": decided, "change-5000-killed": killed}
