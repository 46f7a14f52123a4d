"""Checks by a program: what its exit status means, and when it doesn't end."""

import os
import re
import signal

from lookups import lookup, lookups
from waiting import until
from world import config, service

A = "127.0.0.11"
HANGING = 300
SYS_EXIT = 'import sys; sys.exit("no answer")'
# A child in a session of its own, which escapes, and another that doesn't.
COMMAND = ["/bin/sh", "-c", "setsid sleep 4711 & exec sleep 4711"]


def by(script, **keys):
    """The time that Python takes to start, on a machine that is slow and busy, is no timeout."""
    return {"type": "exec", "command": ["/bin/sh", "-c", script], "interval": "10s", "timeout": "10s", **keys}


def test_exit_status_0_alone_passes_but_for_a_plugins_warning(stage):
    cases = {
        "well.test": ("exit 0", {}, "up", "exit code 0"),
        "false.test": ("exec /bin/false", {}, "down", "exit code 1"),
        "python.test": (f"python3 -c '{SYS_EXIT}'", {}, "down", "no answer"),
        "plugin.test": ("echo WARNING; exit 1", {"warning_status": 1}, "up", "WARNING"),
        "critical.test": ("echo CRITICAL; exit 2", {"warning_status": 1}, "down", "CRITICAL"),
    }
    checks = {name: by(script, **keys) for name, (script, keys, *_) in cases.items()}
    hlbd = stage.hlbd(config(*(service(name, [A], check) for name, check in checks.items())))
    for name, (_, _, *expected) in cases.items():
        told = hlbd.wait_for_log(rf" {name}/\S+: unknown -> (\w+): (.*) \(1 in a row\b")
        assert [told[1], told[2]] == expected, name
        assert lookup(name).ok == (expected[0] == "up")
    assert hlbd.log().count("passes with a warning: WARNING") == 1


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
        failed = len(re.findall(r": (no end in 300ms|nothing heard again.*) after", hlbd.log()))
    until(lambda: not left_of(hlbd), "all programs have gone", 20)
    assert hlbd.running()


def test_programs_that_hang_end_with_hlbd(stage):
    hlbd = stage.hlbd(config(hanging("30s")), ready=False)
    until(lambda: len(left_of(hlbd)) >= 64, "programs run")
    hlbd.signal(signal.SIGTERM)
    hlbd.process.wait(20)
    until(lambda: not [name for _, name, _ in processes() if name == "sleep"], "all have gone", 20)
