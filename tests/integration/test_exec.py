"""Checks by a program, when the program doesn't end."""

import os
import signal

from lookups import lookups
from waiting import until
from world import config, service

A = "127.0.0.11"
HANGING = 300
# One child of its own session, which escapes, and one that doesn't.
COMMAND = ["/bin/sh", "-c", "setsid sleep 4711 & exec sleep 4711"]


def processes():
    """(pid, name, parent) of each process of this world."""
    found = []
    for each in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{each}/stat") as stat:
                name, rest = stat.read().split("(", 1)[1].rsplit(")", 1)
        except (FileNotFoundError, ProcessLookupError):
            continue
        found.append((int(each), name, int(rest.split()[1])))
    return found


def left_of(hlbd):
    """What programs of hlbd's are there, or were and have not been collected by its helper."""
    found = processes()
    helpers = {pid for pid, name, parent in found if (name, parent) == ("hlb-programs", hlbd.pid)}
    return [pid for pid, name, parent in found if name == "sleep" or parent in helpers]


def hanging(timeout):
    addresses = [f"127.9.{number // 250}.{number % 250 + 1}" for number in range(HANGING)]
    keys = {"type": "exec", "command": COMMAND, "interval": "1h", "timeout": timeout}
    return service("hanging.test", addresses, keys)


def test_hundreds_of_programs_that_hang_leave_nothing_behind_and_delay_no_lookup(stage):
    stage.backend(A)
    text = config(hanging("300ms"), service("alive.test", [A]), log_level="debug")
    hlbd = stage.hlbd(text, ready=False)
    until(lambda: "alive.test/127.0.0.11: unknown -> up" in hlbd.log(), "alive.test is up")
    failed = 0
    while failed < HANGING:
        found = lookups("alive.test", count=200)
        assert found.addresses() == {A}
        assert found.slowest_us < 300_000
        failed = hlbd.log().count(": no end in 300ms after")
    until(lambda: not left_of(hlbd), "all programs have gone", 20)
    assert hlbd.running()


def test_programs_that_hang_end_with_hlbd(stage):
    hlbd = stage.hlbd(config(hanging("30s")), ready=False)
    until(lambda: len(left_of(hlbd)) >= 64, "programs run")
    hlbd.signal(signal.SIGTERM)
    hlbd.process.wait(20)
    until(lambda: not [name for _, name, _ in processes() if name == "sleep"], "all have gone", 20)
