"""A wall clock that is set, by a day either way, changes nothing."""

import json
import shutil
import time

import pytest
from lookups import Hammer, lookup
from waiting import until
from world import BUILD, PRELOAD, RUNTIME, config, environment, service

A, B = "127.0.0.11", "127.0.0.12"
NAME = "timeless.test"
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"

pytestmark = pytest.mark.skipif(bool(PRELOAD), reason="libfaketime wants to be loaded first")


class WallClock:
    """The wall clock of one program alone, in the hands of a test; other clocks are the kernel's."""

    def __init__(self, folder):
        self.file = folder / "clock"
        self.set("+0")
        # A space parts what is preloaded, so it may be none of a path.
        timers = shutil.copy(BUILD / "tests/kernel_timers.so", folder)
        self.env = {
            "LD_PRELOAD": f"{timers} {FAKETIME}",
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
        }

    def set(self, offset):
        draft = self.file.with_suffix(".new")
        draft.write_text(offset + "\n")
        draft.rename(self.file)  # at once


@pytest.fixture
def clock(tmp_path):
    return WallClock(tmp_path)


def leave_the_table_alone():
    """Lookups have nobody to ask but the table from now on."""
    (RUNTIME / "bus").unlink()


def wall_clock_of(hlbd):
    """Seconds that hlbd's wall clock was ahead of ours when it last wrote; None before that."""
    file = hlbd.config_file.parent / "state/state.json"
    return json.loads(file.read_text())["wall_ms"] / 1000 - time.time() if file.exists() else None


def is_at(hlbd, seconds):
    ahead = wall_clock_of(hlbd)
    return ahead is not None and abs(ahead - seconds) < 60


def jump(hlbd, clock, offset, seconds, text):
    clock.set(offset)
    hlbd.reload(text)  # after which the file is written anew
    until(lambda: is_at(hlbd, seconds), f"hlbd's clock at {offset}", 5)


def test_states_lease_and_lookups_stay_when_the_wall_clock_jumps(stage, clock):
    mortal = stage.backend(A)
    text = config(service(NAME, [A, B], answer="all"))
    hlbd = stage.hlbd(text, env=clock.env)
    leave_the_table_alone()
    hammer = Hammer(stage, NAME, 8, threads=2, pause_us=2000)
    changes = hlbd.log().count(" -> ")
    for offset, seconds in (("+1d", 86_400), ("-1d", -86_400), ("+0", 0)):
        jump(hlbd, clock, offset, seconds, text)
    found = hammer.result()
    assert found.statuses() == {"OK"}
    assert found.addresses() == {A}
    assert hlbd.log().count(" -> ") == changes
    # And it still sees what does change.
    mortal.kill()
    until(lambda: lookup(NAME).addresses == [], "the dead backend is left out", 2)
    clock.set("+1d")
    mortal.start()
    until(lambda: lookup(NAME).addresses == [A], "it is back", 5)


@pytest.mark.parametrize("offset", ["+1d", "-1d"])
def test_a_restart_after_a_jump_takes_the_states_over(stage, clock, offset):
    stage.backend(A)
    hlbd = stage.hlbd(config(service(NAME, [A, B], answer="all")), env=clock.env)
    until(lambda: is_at(hlbd, 0), "the states in the file", 5)
    hlbd.kill()
    (RUNTIME / "table").unlink()
    clock.set(offset)
    hlbd.restart()
    log = hlbd.log().split("checking the backends")[-1]
    assert " -> " not in log, "the states were not taken over"
    assert "ignored" not in hlbd.log()


@pytest.mark.parametrize("offset", ["+1d", "-1d"])
def test_a_program_whose_wall_clock_is_off_gets_answers_from_the_table(
    stage, clock, offset
):
    stage.backend(A)
    stage.hlbd(config(service(NAME, [A])))
    leave_the_table_alone()
    clock.set(offset)
    assert lookup(NAME, env=environment(**clock.env)).addresses == [A]
