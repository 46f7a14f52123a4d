"""What an operator's questions cost, with 1,000 services of 10 backends: how long a scrape of the
metrics, the page and `hlbctl status` take, what watching costs hlbd, and what a lookup waits
meanwhile."""

import contextlib
import socket
import statistics
import sys
import threading
import time

import engine
import start
from buses import SystemBus
from hlbctl import Terminal, hlbctl
from probers import HlbdProber
from programs import Stage
from waiting import until
from world import config

BACKENDS = 10_000
SERVICES = 1_000
CASES = ["scrape", "page", "page-gzip", "json", "status",
         "lookup-alone", "lookup-scrapes", "lookup-page", "lookup-watch"]  # fmt: skip
SCRAPES = 30
WATCHED = 10  # seconds
PAUSE = 0.1  # seconds between two scrapes, of which Prometheus makes one in 15 s by default
REQUEST = b"GET %b HTTP/1.1\r\nHost: bench\r\n%bConnection: close\r\n\r\n"


class Shown(HlbdProber):
    """Checks every second, serves its metrics, and is on a bus."""

    def prepare(self, method, found):
        command, env = super().prepare(method, found)
        self.stage = Stage(self.folder)
        self.bus = SystemBus(self.stage)
        command[command.index("none")] = "system"
        self.metrics = self.folder / "metrics.sock"
        (self.folder / "hlbd.toml").write_text(config(log_level="warn", metrics=str(self.metrics)))
        return command, {**env, **self.bus.env}

    def close(self):
        super().close()
        self.stage.close()

    def get(self, path, least, fields=b""):
        """Nanoseconds until the last byte, of which there are `least`."""
        begun = time.monotonic_ns()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(self.metrics))
            client.sendall(REQUEST % (path, fields))
            size = 0
            while more := client.recv(1 << 20):
                size += len(more)
        assert size > least, "all is there"
        return time.monotonic_ns() - begun

    def scrape(self):
        return self.get(b"/metrics", 50 * BACKENDS)

    def page(self):
        return self.get(b"/", 200 * SERVICES)

    def zipped_page(self):
        return self.get(b"/", 5 * SERVICES, b"Accept-Encoding: gzip\r\n")

    def status(self):
        return self.get(b"/status.json", 200 * BACKENDS)


class Calm(Shown):
    """The same, but checks so seldom that what watching costs can be seen beside it."""

    interval = 3600


class Asker(threading.Thread):
    """Asks the same again and again, until it is told to end."""

    def __init__(self, ask):
        super().__init__(daemon=True)
        self.ask = ask
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(PAUSE):
            self.ask()


def operator():
    """Nanoseconds of a scrape, of the page and of `hlbctl status`; of hlbd's CPU in a second of
    watching; and of the 99th percentile of lookups, alone and beside them."""
    results = {}
    for number in range(engine.ROUNDS):
        print(f"bench: operator, round {number + 1} of {engine.ROUNDS} …", file=sys.stderr)
        keep(results, number, CASES, one_round)
        keep(results, number, ["watch"], watching)
    return results


def keep(results, number, cases, measured):
    figures = start.attempt(measured) or [None] * len(cases)
    for case, figure in zip(cases, figures):
        start.keep(results, case, number, figure)


@contextlib.contextmanager
def ready(kind):
    """A hlbd of this kind that all have heard of."""
    with engine.Window("tcp") as window:
        hlbd = window.start(kind, BACKENDS)
        until(hlbd.ready, "READY from hlbd", engine.LONGEST_FIRST_ROUND)
        until(lambda: hlbd.bus.manager("ListServices").returncode == 0, "org.hlb1 on the bus")
        time.sleep(engine.SETTLING)
        yield hlbd


def watching():
    """Nanoseconds of hlbd's CPU in a second of `hlbctl status --watch`, beyond those without."""
    with ready(Calm) as hlbd:
        alone = cpu_of_a_second(hlbd)
        with contextlib.closing(Terminal(hlbd.bus, "status", "--watch")) as terminal:
            terminal.wait_for("backends up")
            return [cpu_of_a_second(hlbd) - alone]


def cpu_of_a_second(hlbd):
    before = engine.cpu_time(hlbd.pid)
    time.sleep(WATCHED)
    return (engine.cpu_time(hlbd.pid) - before) / WATCHED


def nanoseconds_of_status(hlbd):
    begun = time.monotonic_ns()
    shown = hlbctl(hlbd.bus, "status").stdout
    took = time.monotonic_ns() - begun
    assert shown.count("\n") > BACKENDS, "all backends are there"
    return took


def beside(hlbd, ask):
    """The 99th percentile of lookups while somebody asks."""
    asker = Asker(ask)
    percentile = start.percentile_of_lookups(hlbd, asker.start)
    asker.over.set()
    asker.join()
    return percentile


def one_round():
    with ready(Shown) as hlbd:
        questions = (hlbd.scrape, hlbd.page, hlbd.zipped_page, hlbd.status, lambda: nanoseconds_of_status(hlbd))
        answers = [[] for _ in questions]
        for _ in range(SCRAPES):
            for question, took in zip(questions, answers):
                took.append(question())
            time.sleep(PAUSE)
        idle = start.percentile_of_lookups(hlbd)
        scraped = beside(hlbd, hlbd.scrape)
        paged = beside(hlbd, hlbd.page)
        with contextlib.closing(Terminal(hlbd.bus, "status", "--watch")) as terminal:
            terminal.wait_for("backends up")
            watched = start.percentile_of_lookups(hlbd)
        return (*map(statistics.median, answers), idle, scraped, paged, watched)
