"""What a restarted hlbd knows of the backends from the one before, by its state file alone."""

import json
import re
import shutil
import signal

import pytest
from lookups import lookup
from waiting import until
from world import RUNTIME, config, service

A, B = "127.0.0.11", "127.0.0.12"
NAME = "remembered.test"


def state_file(hlbd):
    return hlbd.config_file.parent / "state/state.json"


def document(hlbd):
    return json.loads(state_file(hlbd).read_text())


def saved(hlbd):
    """The states in the file, by address; none while there is no file, or no sound one."""
    try:
        return {each["address"]: each["state"] for each in document(hlbd)["backends"]}
    except (FileNotFoundError, ValueError):
        return {}


def end(hlbd, number):
    """Ends hlbd, and takes its table away: what is known after that comes from the file."""
    hlbd.signal(number)
    hlbd.process.wait(10)
    (RUNTIME / "table").unlink()


def start_anew(hlbd):
    """Returns when the first table is in place, before any outcome."""
    hlbd.start()
    hlbd.wait_for_log("checking the backends(.|\n)*checking the backends")


def answers(name=NAME):
    return set(lookup(name, family="inet").addresses)


@pytest.fixture
def started(stage):
    """hlbd with A up and B down, both in its file, and A's program."""

    def start(**check):
        program = stage.backend(A)
        hlbd = stage.hlbd(config(service(NAME, [A, B], check=check, answer="all")))
        until(lambda: saved(hlbd) == {A: "up", B: "down"}, "the states in the file", 3)
        return hlbd, program

    return start


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["SIGKILL", "SIGTERM"])
def test_states_are_used_before_the_first_outcome(stage, started, number):
    hlbd, program = started(interval="8s", timeout="8s")
    end(hlbd, number)
    program.signal(signal.SIGSTOP)  # takes connections, and says nothing
    silent = stage.backend(B)
    silent.signal(signal.SIGSTOP)
    start_anew(hlbd)
    assert answers() == {A}
    assert hlbd.notifications.count("READY", "1") == 1, "there was an outcome already"
    assert " -> " not in hlbd.log().split("checking the backends")[-1]


def test_states_are_verified_at_once_whatever_the_interval(stage, started):
    hlbd, program = started(interval="1m")
    end(hlbd, signal.SIGKILL)
    program.kill()
    stage.backend(B)
    hlbd.restart()  # READY comes after the first outcomes
    assert answers() == {B}
    assert saved(hlbd) in ({A: "up", B: "down"}, {A: "down", B: "up"})
    until(lambda: saved(hlbd) == {A: "down", B: "up"}, "the new states in the file", 3)


def test_a_change_is_in_the_file_within_a_second_or_so(started):
    hlbd, program = started()
    program.kill()
    hlbd.wait_for_log(rf"{re.escape(A)}: up -> down")
    until(lambda: saved(hlbd)[A] == "down", "the change in the file", 3)
    program.start()
    until(lambda: saved(hlbd)[A] == "up", "the change back in the file", 5)


def test_what_changed_just_before_sigterm_is_in_the_file(started):
    hlbd, program = started()
    program.kill()
    hlbd.wait_for_log(rf"{re.escape(A)}: up -> down")
    assert hlbd.terminate() == 0
    assert saved(hlbd) == {A: "down", B: "down"}


def test_the_table_knows_better_than_a_file_that_lacks_the_last_second(stage, started):
    hlbd, program = started(interval="8s", timeout="8s")
    before = state_file(hlbd).read_text()
    program.kill()
    until(lambda: answers() == set(), "A out of the answers")
    hlbd.kill()
    state_file(hlbd).write_text(before)
    program.start()
    program.wait_for_log("ready(.|\n)*ready")
    program.signal(signal.SIGSTOP)
    start_anew(hlbd)
    assert answers() == set()


def test_the_file_is_told_to_be_true_without_a_change(started):
    hlbd, _ = started()
    until(lambda: hlbd.notifications.count("READY", "1"), "ready")
    first = document(hlbd)
    until(lambda: document(hlbd)["boottime_ms"] >= first["boottime_ms"] + 15_000, "a later time", 40)
    later = document(hlbd)
    assert later["backends"] == first["backends"]
    assert later["wall_ms"] > first["wall_ms"]


def aged(text, seconds):
    """As if it had been written so much earlier."""

    def earlier(match):
        return f"{match[1]}{int(match[2]) - seconds * 1000:15}"

    return re.sub(r'("(?:boottime|wall)_ms":)( *\d+)', earlier, text)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda text: aged(text, 3600), r"is 36\d\d s old, over 60 s"),
        (lambda text: aged(text, -3600), "is from the future"),
        (lambda text: text.replace('"version":1', '"version":9'), "is of version 9, not 1"),
        (lambda text: text[: len(text) // 2], "is no JSON, or only a part of it"),
        (lambda text: "", "is no JSON, or only a part of it"),
        (lambda text: text.replace('"up"', '"well"'), "holds a state that is neither up nor down"),
    ],
    ids=["old", "future", "version", "half", "empty", "state"],
)
def test_a_file_that_is_of_no_use_is_ignored_with_a_warning(started, spoil, reason):
    hlbd, _ = started()
    end(hlbd, signal.SIGTERM)
    text = state_file(hlbd).read_text()
    assert spoil(text) != text
    state_file(hlbd).write_text(spoil(text))
    hlbd.restart()
    assert re.search(rf"warning \S*/state\.json {reason}: ignored", hlbd.log())
    assert re.search(rf"{re.escape(A)}: unknown -> up", hlbd.log().split("ignored")[-1])
    assert answers() == {A}
    until(lambda: saved(hlbd) == {A: "up", B: "down"}, "a new file", 3)


def test_a_first_start_says_nothing_of_a_missing_file(started):
    hlbd, _ = started()
    assert "state.json" not in hlbd.log()


def test_lookups_go_on_where_the_file_cannot_be_written(started):
    hlbd, program = started()
    hlbd.kill()
    shutil.rmtree(state_file(hlbd).parent)
    state_file(hlbd).parent.write_text("no folder")
    hlbd.restart()
    hlbd.wait_for_log(r"warning states: can't write \S*/state\.json")
    program.kill()
    until(lambda: answers() == set(), "A out of the answers")
    program.start()
    until(lambda: answers() == {A}, "A back in the answers")
    assert hlbd.terminate() == 0
    assert hlbd.log().count("can't write") == 1
