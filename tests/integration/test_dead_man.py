"""A dead man's test: whatever hlbd depends on stops in turn, and each lookup goes on being right."""

import contextlib
import fcntl
import os
import socket
import struct
import threading
import time
from pathlib import Path

import pytest
from journal import PATH as JOURNAL
from journal import Journal, stream_of
from lookups import Hammer, lookup
from waiting import until
from world import RUNTIME, config, service

A, B = "127.0.0.11", "127.0.0.12"
NAME, CROWD = "app.test", "crowd.test"
MANY = [f"127.1.{high}.{low}" for high in range(3) for low in range(1, 235)]


class Lease:
    """Looks again and again how long the table's lease still lasts."""

    def __init__(self):
        self.least = 60.0  # seconds
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def watch(self):
        while not self.ending.wait(0.01):
            with open(RUNTIME / "table", "rb") as table:
                (until_ns,) = struct.unpack_from("<Q", table.read(24), 16)
            left = (until_ns - time.clock_gettime_ns(time.CLOCK_BOOTTIME)) / 1e9
            self.least = min(self.least, left)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()


@pytest.fixture
def short_queues():
    """Sockets made from now on hold two messages that nobody reads, and senders wait with more."""
    setting = Path("/proc/sys/net/unix/max_dgram_qlen")
    before = setting.read_text()
    setting.write_text("1")
    yield
    setting.write_text(before)


# ---- what stops --------------------------------------------------------------------------------


class JournalUnread:
    """journald hangs, from before hlbd's start on."""

    def __init__(self, stage):
        self.journal = stage.add(Journal())
        stream = stage.new_folder() / "stream"
        stream.touch()
        self.options = {"env": {"JOURNAL_STREAM": stream_of(stream)}, "stderr": stream.open("a")}

    def stop(self, hlbd):
        assert JOURNAL.is_socket() and hlbd.log() == ""

    def go_on(self, hlbd):
        for backend in (MANY[0], MANY[-1], A):
            until(lambda: self.journal.find(HLB_BACKEND=backend, HLB_STATE="down"), backend)


class NotifySocketUnread:
    """The service manager hangs."""

    def __init__(self, stage):
        self.options = {"env": {"WATCHDOG_USEC": "600000"}}

    def stop(self, hlbd):
        hlbd.notifications.all()
        hlbd.notifications.paused = True

    def go_on(self, hlbd):
        hlbd.notifications.paused = False
        alive = hlbd.notifications.count("WATCHDOG", "1")
        until(lambda: hlbd.notifications.count("WATCHDOG", "1") > alive, "a sign of life", 3)


class StandardErrorUnread:
    """Nobody reads the pipe that hlbd logs to."""

    def __init__(self, stage):
        self.reader, writer = os.pipe()
        stage.parts.callback(os.close, self.reader)
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
        self.options = {"stderr": os.fdopen(writer, "wb")}

    def stop(self, hlbd):
        pass

    def go_on(self, hlbd):
        os.set_blocking(self.reader, False)
        lines = []

        def told():
            with contextlib.suppress(BlockingIOError):
                lines.append(os.read(self.reader, 65536))
            return f"{CROWD}/{MANY[-1]}: up -> down".encode() in b"".join(lines)

        until(told, "the last of the decisions")


STOPPED = [JournalUnread, NotifySocketUnread, StandardErrorUnread]


@pytest.mark.parametrize("dependency", STOPPED)
def test_no_lookup_is_wrong_and_the_lease_current_while_it_stands_still(
    stage, short_queues, dependency
):
    backends = {address: stage.backend(address) for address in (A, B)}
    crowd = stage.backend(*MANY)
    stopped = dependency(stage)
    many = service(CROWD, MANY, check={"type": "tcp", "interval": "1s"})
    hlbd = stage.hlbd(config(service(NAME, [A, B]), many), **stopped.options)
    stopped.stop(hlbd)
    with Lease() as lease:
        hammer = Hammer(stage, NAME, seconds=5, threads=4)
        crowd.kill()
        until(lambda: lookup(CROWD).status == "EAI_AGAIN", "the crowd known to be dead", 20)
        backends[A].kill()
        until(lambda: lookup(NAME).addresses == [B], "the backend left out")
        found = hammer.result()
    assert found.statuses() == {"OK"} and found.addresses() <= {A, B}
    assert lease.least > 0.5
    stopped.go_on(hlbd)
    backends[A].start()
    until(lambda: A in lookup(NAME).addresses, "the backend back")
    assert hlbd.running()
