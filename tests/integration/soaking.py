"""What soaks share: lookups all along, what may not be answered when, and whether anything grows.

SOAK_SECONDS: for how long. SOAK_SEED: the order of events, of which `make soak` draws another each time.
"""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from world import environment

SECONDS = float(os.environ.get("SOAK_SECONDS", "20"))
SEED = int(os.environ.get("SOAK_SEED", "1"))

LOOK_UP_UNTIL_TERMINATED = """
import signal, socket, sys, threading, time
over = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: over.set())

def look_up(name, log):
    with open(log, "w") as log:
        while not over.wait(0.005):
            begun = time.monotonic()
            try:
                found = socket.getaddrinfo(name, 80, socket.AF_INET, socket.SOCK_STREAM)
                answer = ",".join(each[4][0] for each in found)
            except socket.gaierror as error:
                answer = f"failed:{error}".replace(" ", "_")
            print(begun, time.monotonic(), answer, file=log)

for name in sys.argv[2:]:
    threading.Thread(target=look_up, args=[name, f"{sys.argv[1]}/{name}"]).start()
print("looking up", flush=True)
over.wait()
"""


@dataclass
class Down:
    """A time for which a backend was down, and hlbd able to see it; by time.monotonic()."""

    address: str
    overdue: float
    begun: float
    ended: float = float("inf")

    def forbids(self, begun, ended):
        """That it is answered by a lookup from then to then."""
        return self.begun + self.overdue < begun and ended < self.ended


@dataclass
class Size:
    """Of a process, when nothing goes on."""

    descriptors: int
    resident: int  # bytes
    children: int

    @classmethod
    def of(cls, pid):
        process = Path(f"/proc/{pid}")
        pages = int((process / "statm").read_text().split()[1])
        children = (process / f"task/{pid}/children").read_text().split()
        descriptors = len(os.listdir(process / "fd"))
        return cls(descriptors, pages * os.sysconf("SC_PAGESIZE"), len(children))


def expect_flat(sizes):
    """Neither hlbd nor the program that looks up is larger at the end than early on."""
    quarter = len(sizes) // 4 + 1
    for process in zip(*sizes):
        early, late = process[:quarter], process[-quarter:]
        # hlbd bears a few helpers that hang.
        for what, more in (("descriptors", 8), ("resident", 8 << 20), ("children", 3)):
            # Probes may be under way when it is looked at; what isn't given back never is less.
            least = [min(getattr(size, what) for size in part) for part in (early, late)]
            assert least[1] <= least[0] + more, (what, sizes)


def looking_up(stage, *names):
    """A program that looks these names up again and again, and the folder of its answers: in the
    file of a name are lines of when a lookup began and ended, and its addresses or the failure."""
    answers = stage.new_folder()
    command = (sys.executable, "-c", LOOK_UP_UNTIL_TERMINATED, answers)
    return stage.program(*command, *names, env=environment(), ready="looking up"), answers


def answers_in(folder):
    """Of looking_up(): name, beginning, end, and addresses or the failure alone."""
    for log in folder.iterdir():
        for line in log.read_text().splitlines():
            begun, ended, answer = line.split()
            yield log.name, float(begun), float(ended), answer.split(",")
