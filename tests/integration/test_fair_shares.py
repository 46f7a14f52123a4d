"""A service whose backends are silent takes no time from the others, however many there are."""

import itertools
import signal
import subprocess
import time

import pytest
from lookups import lookup
from waiting import until
from world import config, service

MORTAL = "127.0.0.11"
SILENT = [f"127.66.{number // 250}.{number % 250 + 1}" for number in range(2000)]
NAME = "mortal.test"
FEW = ("prlimit", "--nofile=256")  # descriptors, and so few places for probes
HUNG = 200
HOLE = """table inet hole {
chain input { type filter hook input priority 0; ip daddr 127.66.0.0/16 drop; }
}
"""


@pytest.fixture
def black_hole(stage):
    """Nothing that is sent to SILENT arrives."""
    subprocess.run(["nft", "-f", "-"], input=HOLE, check=True, text=True, timeout=60)
    stage.parts.callback(subprocess.run, ["nft", "delete", "table", "inet", "hole"], check=True)


def silent():
    return service("silent.test", SILENT, check={"type": "tcp", "interval": "2s"})


def mortal():
    return service(NAME, [MORTAL], answer="all")


def answered_within(seconds, since):
    until(lambda: lookup(NAME).addresses == [MORTAL], "its first answer", 60)
    assert time.monotonic() - since < seconds


def test_thousands_of_silent_backends_delay_no_first_answer_and_no_other_death(stage, black_hole):
    backend = stage.backend(MORTAL)
    began = time.monotonic()
    hlbd = stage.hlbd(config(silent(), mortal()), ready=False, prefix=FEW)
    answered_within(1.5, began)
    until(lambda: hlbd.log().count("silent.test/") > 50, "silence is found", 20)
    stopped = time.monotonic()
    backend.signal(signal.SIGSTOP)
    hlbd.wait_for_log(rf"{NAME}/{MORTAL}: up -> down", 60)
    assert time.monotonic() - stopped < 4, "an interval, two timeouts, and the wait in between"
    killed = time.monotonic()
    backend.kill()
    backend.start()
    hlbd.wait_for_log(rf"{NAME}/{MORTAL}: down -> up", 60)
    assert time.monotonic() - killed < 3


def test_a_service_that_is_added_amid_a_first_round_has_its_answer_at_once(stage, black_hole):
    stage.backend(MORTAL)
    hlbd = stage.hlbd(config(silent()), ready=False, prefix=FEW)
    until(lambda: "no connection in" in hlbd.log(), "the first of them are found")
    began = time.monotonic()
    hlbd.write_config(config(silent(), mortal()))
    hlbd.signal(signal.SIGHUP)
    answered_within(1, began)


def by(script, **keys):
    return {"type": "exec", "command": ["/bin/sh", "-c", script], **keys}


def test_hundreds_of_hung_programs_of_one_service_delay_no_program_of_another(stage):
    hanging = by("exec sleep 4711", timeout="9s", interval="10s")
    hung = service("hung.test", SILENT[:HUNG], check=hanging)
    well = service(NAME, [MORTAL], check=by("exit 0", interval="500ms"))
    hlbd = stage.hlbd(config(hung, well, log_level="debug"), ready=False)
    times = []
    for _ in range(8):
        runs = hlbd.log().count(f"exec {MORTAL}:")
        until(lambda before=runs: hlbd.log().count(f"exec {MORTAL}:") > before, "it is run", 60)
        times.append(time.monotonic())
    pauses = [after - before for before, after in itertools.pairwise(times)]
    assert max(pauses) < 1.5, pauses
