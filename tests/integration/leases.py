"""The lease of a table, which hlbd renews as long as its loop turns."""

import struct
import threading
import time

from world import RUNTIME


def lease_left(runtime=RUNTIME):
    """How long it still lasts, in seconds."""
    with open(runtime / "table", "rb") as table:
        (until_ns,) = struct.unpack_from("<Q", table.read(24), 16)
    return (until_ns - time.clock_gettime_ns(time.CLOCK_BOOTTIME)) / 1e9


class Lease:
    """Looks again and again how long a table's lease still lasts."""

    def __init__(self, runtime=RUNTIME, pause=0.01):
        self.runtime = runtime
        self.pause = pause
        self.least = 60.0  # seconds
        self.largest_gap = 0.0  # between two renewals, in seconds
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def watch(self):
        renewed, last = time.monotonic(), lease_left(self.runtime)
        while not self.ending.wait(self.pause):
            left, now = lease_left(self.runtime), time.monotonic()
            if left > last:
                self.largest_gap = max(self.largest_gap, now - renewed)
                renewed = now
            self.least, last = min(self.least, left), left

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()
