"""What an operator's questions cost, with 1,000 services of 10 backends: how long a scrape of the
metrics takes, and what a lookup waits meanwhile."""

import socket
import statistics
import sys
import threading
import time

import engine
import start
from probers import HlbdProber
from world import config, until

BACKENDS = 10_000
SCRAPES = 30
PAUSE = 0.1  # seconds between two scrapes, of which Prometheus makes one in 15 s by default
REQUEST = b"GET /metrics HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n"


class Shown(HlbdProber):
    """Checks every second, and serves its metrics."""

    def prepare(self, method, found):
        command = super().prepare(method, found)
        self.metrics = self.folder / "metrics.sock"
        (self.folder / "hlbd.toml").write_text(config(log_level="warn", metrics=str(self.metrics)))
        return command

    def scrape(self):
        """Nanoseconds until the last byte."""
        begun = time.monotonic_ns()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(self.metrics))
            client.sendall(REQUEST)
            size = 0
            while more := client.recv(1 << 20):
                size += len(more)
        assert size > 50 * BACKENDS, "all backends are there"
        return time.monotonic_ns() - begun


class Scraper(threading.Thread):
    """Scrapes again and again, until it is told to end."""

    def __init__(self, hlbd):
        super().__init__(daemon=True)
        self.hlbd = hlbd
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(PAUSE):
            self.hlbd.scrape()


def operator():
    """Nanoseconds of a scrape, and of the 99th percentile of lookups without and beside it."""
    results = {}
    for number in range(engine.ROUNDS):
        print(f"bench: operator, round {number + 1} of {engine.ROUNDS} …", file=sys.stderr)
        found = start.attempt(one_round) or (None, None, None)
        for case, figure in zip(["scrape", "scrape-idle", "scrape-meanwhile"], found):
            start.keep(results, case, number, figure)
    return results


def one_round():
    with engine.Window("tcp") as window:
        hlbd = window.start(Shown, BACKENDS)
        until(hlbd.ready, "READY from hlbd", engine.LONGEST_FIRST_ROUND)
        time.sleep(engine.SETTLING)
        scrapes = []
        for _ in range(SCRAPES):
            scrapes.append(hlbd.scrape())
            time.sleep(PAUSE)
        idle = start.percentile_of_lookups(hlbd)
        scraper = Scraper(hlbd)
        meanwhile = start.percentile_of_lookups(hlbd, scraper.start)
        scraper.over.set()
        scraper.join()
        return statistics.median(scrapes), idle, meanwhile
