"""A soak: what a machine and its users can do to hlbd, several at once, under lookups all along."""

import contextlib
import os
import random
import signal
import socket
import sys
import time
from collections import Counter
from pathlib import Path

from buses import SystemBus
from journal import Journal, stream_of
from lookups import lookup
from soaking import SECONDS, SEED, Down, Size, answers_in, expect_flat, looking_up
from waiting import until
from world import HERE, RUNTIME, config, fill, service

NAME, SPREAD, TOLD = "app.test", "spread.test", "told.test"
SAFE, MORTAL = ["127.0.0.11", "127.0.0.12"], ["127.0.0.13", "127.0.0.14"]
ALL = SAFE + MORTAL
CHECK = {"interval": "500ms", "timeout": "500ms", "fall": 2}

# For how many seconds a backend may still be answered once it is killed, or hangs, which takes two
# timeouts to see: by itself what users are promised; beside other tests hlbd waits for a processor.
OVERDUE = {signal.SIGKILL: 1.0, signal.SIGSTOP: 3.0}
if SECONDS < 60:
    OVERDUE = {signal.SIGKILL: 5.0, signal.SIGSTOP: 6.0}

class Soak:
    """hlbd and all that it depends on."""

    def __init__(self, stage, dns):
        self.stage, self.dns = stage, dns
        self.random = random.Random(SEED)
        self.downs = []
        self.bus = SystemBus(stage)
        self.journal = stage.add(Journal())
        self.backends = {address: stage.backend(address) for address in ALL}
        self.state = stage.file_system(stage.new_folder(), "1m")
        stage.file_system(RUNTIME, "4m")
        stream = stage.new_folder() / "stream"
        stream.touch()
        env = {**self.bus.env, "JOURNAL_STREAM": stream_of(stream), "WATCHDOG_USEC": "2000000"}
        self.hlbd = stage.hlbd(
            self.text(), bus="system", state=self.state, env=env, stderr=stream.open("a")
        )
        self.program, self.answers = looking_up(stage, NAME, NAME + ".", SPREAD, TOLD)

    def text(self):
        """A configuration, of which the services that nobody looks up differ each time."""
        weighted = [{"address": each, "weight": weight} for weight, each in enumerate(ALL, 1)]
        program = {"type": "exec", "command": ["/bin/true"], "interval": "2s", "timeout": "2s"}
        return config(
            service(NAME, ALL, CHECK, answer="all"),
            service(SPREAD, weighted, CHECK),
            service(TOLD, SAFE, program),
            service("named.test", ["a.backends.test", "b.backends.test"]),
            *[
                service(f"other{number}.test", [f"127.2.0.{number % 200 + 1}"], {"interval": "5s"})
                for number in range(self.random.randrange(300))
            ],
            metrics=str(RUNTIME / "metrics"),
        )

    def meet(self, troubles):
        """A few of them at once, and backends that fail in their midst; returns their names."""
        few = self.random.sample(troubles, self.random.randrange(1, 4))
        events = few + [fails] * self.random.randrange(1, 1 + len(MORTAL))
        self.random.shuffle(events)
        with contextlib.ExitStack() as going_on:
            for event in events:
                going_on.enter_context(event(self))
            time.sleep(1.5 * max(OVERDUE.values()) if SECONDS > 60 else 1)
            until(self.all_down_are_left_out, "the dead left out", max(OVERDUE.values()))
            self.expect_right_by_a_new_process()
        return [event.__name__ for event in events]

    def still_down(self):
        return [each for each in self.downs if each.ended == float("inf")]

    def all_down_are_left_out(self):
        answered = lookup(NAME, family="inet").addresses
        return not {each.address for each in self.still_down()} & set(answered)

    def expect_right_by_a_new_process(self):
        begun = time.monotonic()
        answer = lookup(NAME, family="inet")
        assert answer.ok and not self.wrong(begun, time.monotonic(), answer.addresses)

    def calm_down(self):
        """All is well again; nothing of it is left."""
        self.hlbd.notifications.all()
        self.journal.all()  # its socket holds a few lines, and nobody reads in between
        up = lambda: sorted(lookup(NAME, family="inet").addresses) == ALL
        until(up, "all backends back", 30)

    def wrong(self, begun, ended, addresses):
        """What of an answer may not be there."""
        forbidden = {down.address for down in self.downs if down.forbids(begun, ended)}
        return [each for each in addresses if each not in ALL or each in forbidden]

    def expect_each_answer_right(self):
        """Tells how many there were, and of the slowest."""
        lookups, slowest, wrong = Counter(), 0, []
        for name, begun, ended, answer in answers_in(self.answers):
            lookups[name] += 1
            slowest = max(slowest, ended - begun)
            if self.wrong(begun, ended, answer):
                wrong.append((name, begun, ended, answer))
        print(f"{dict(lookups)} lookups, the slowest {slowest * 1000:.0f} ms")
        assert not wrong, (len(wrong), wrong[:5], self.downs)
        assert all(lookups[name] > SECONDS for name in (NAME, SPREAD, TOLD))


# ---- troubles: each goes on for the time of a `with` -------------------------------------------

TROUBLES = []


def trouble(function):
    TROUBLES.append(contextlib.contextmanager(function))
    return TROUBLES[-1]


@contextlib.contextmanager
def stopped(program):
    program.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        program.signal(signal.SIGCONT)


@contextlib.contextmanager
def full(disk):
    fill(disk)
    try:
        yield
    finally:
        (disk / "ballast").unlink()


@contextlib.contextmanager
def unseen(soak):
    """hlbd can't see meanwhile who is down."""
    down = soak.still_down()
    for each in down:
        each.ended = time.monotonic()
    yield
    soak.downs += [Down(each.address, each.overdue, time.monotonic()) for each in down]


@trouble
def bus_stands_still(soak):
    with stopped(soak.bus.program):
        yield


@trouble
def bus_is_killed(soak):
    soak.bus.restart()
    yield


@trouble
def name_server_stands_still(soak):
    with stopped(soak.dns):
        yield


@trouble
def run_is_full(soak):
    with full(RUNTIME):
        yield


@trouble
def state_disk_is_full(soak):
    with full(soak.state):
        yield


@trouble
def helper_hangs(soak):
    signal_helper(soak, signal.SIGSTOP)
    try:
        yield
    finally:
        signal_helper(soak, signal.SIGCONT)


@trouble
def helper_is_killed(soak):
    signal_helper(soak, signal.SIGKILL)
    yield


def signal_helper(soak, number):
    children = Path(f"/proc/{soak.hlbd.pid}/task/{soak.hlbd.pid}/children").read_text()
    for child in children.split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(child), number)


@trouble
def hlbd_reloads(soak):
    for _ in range(soak.random.randrange(1, 4)):
        soak.hlbd.write_config(soak.text())
        soak.hlbd.signal(signal.SIGHUP)
        time.sleep(soak.random.random() / 5)
    yield


@trouble
def hlbd_is_killed(soak):
    with unseen(soak):
        soak.hlbd.kill()
        soak.hlbd.restart()
    yield


@trouble
def hlbd_stands_still(soak):
    with unseen(soak), stopped(soak.hlbd):
        time.sleep(1)
    yield


@trouble
def sockets_are_removed(soak):
    for name in ("bus", "bus.root", "metrics"):
        (RUNTIME / name).unlink(missing_ok=True)
    yield


@trouble
def users_besiege(soak):
    nobody = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--")
    siege = (sys.executable, HERE.parent / "packages/siege.py", 10)
    program = soak.stage.program(*nobody, *siege, ready="besieging")
    try:
        yield
    finally:
        program.close()


@trouble
def scrapers_do_not_read(soak):
    with contextlib.ExitStack() as scrapers:
        for _ in range(100):
            scraper = scrapers.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            scraper.setblocking(False)
            with contextlib.suppress(OSError):
                scraper.connect(str(RUNTIME / "metrics"))
                scraper.sendall(b"GET /metrics HTTP/1.1\r\nHost: h\r\n\r\n" * 50)
        yield


@contextlib.contextmanager
def fails(soak):
    """A backend that isn't down yet."""
    down = {each.address for each in soak.still_down()}
    address = soak.random.choice([each for each in MORTAL if each not in down])
    how = soak.random.choice(list(OVERDUE))
    backend = soak.backends[address]
    backend.signal(how)
    soak.downs.append(Down(address, OVERDUE[how], time.monotonic()))
    try:
        yield
    finally:
        for each in soak.downs:
            if each.address == address:
                each.ended = min(each.ended, time.monotonic())
        if how == signal.SIGSTOP:
            backend.signal(signal.SIGCONT)
        else:
            backend.close()
            backend.start()


# ---- the soak ------------------------------------------------------------------------------------


def test_each_lookup_is_right_and_nothing_grows(stage, dns):
    print(f"SOAK_SEED={SEED}")
    soak = Soak(stage, dns)
    begun, events, sizes = time.monotonic(), Counter(), []
    troubles = list(TROUBLES)
    while time.monotonic() < begun + SECONDS:
        if time.monotonic() > begun + SECONDS / 2 and hlbd_is_killed in troubles:
            troubles.remove(hlbd_is_killed)  # what grows needs time to
            sizes.clear()
        events.update(soak.meet(troubles))
        soak.calm_down()
        sizes.append((Size.of(soak.hlbd.pid), Size.of(soak.program.pid)))
    soak.program.signal(signal.SIGTERM)
    assert soak.program.process.wait(20) == 0
    print(f"{len(events)} kinds of events: {dict(events)}")
    print(f"hlbd and a program, half-way: {sizes[0]}", f"at the end: {sizes[-1]}", sep="\n")
    soak.expect_each_answer_right()
    expect_flat(sizes)
