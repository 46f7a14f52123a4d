"""on_change: the operator's program is run when a backend goes down or comes back."""

import os
import re
import signal

import pytest
from lookups import lookup
from waiting import until
from world import BUILD, config, service

A, B = "127.0.0.11", "127.0.0.12"
NAME = "hooked.test"
NOTE = 'echo "$HLB_SERVICE $HLB_ADDRESS:$HLB_PORT $HLB_OLD_STATE $HLB_NEW_STATE $HLB_REASON"'


class Hook:
    """A program that notes what it is told, one line for each run."""

    def __init__(self, folder, name="hook", script=NOTE):
        self.notes = folder / f"{name}.notes"
        self.program = folder / name
        self.program.write_text(f'#!/bin/sh\n{{ {script}; }} >>"{self.notes}"\n')
        self.program.chmod(0o755)

    def told(self):
        return self.notes.read_text().splitlines() if self.notes.exists() else []

    def wait_for(self, count):
        until(lambda: len(self.told()) >= count, f"{count} runs of {self.program.name}")
        return self.told()


@pytest.fixture
def hook(tmp_path):
    return Hook(tmp_path)


def daemon(hook):
    # The folder of a test is root's own.
    return {"on_change": [str(hook.program)], "on_change_user": "root"}


def warnings(hlbd):
    return re.findall(r"warning .*on_change.*", hlbd.log())


def test_the_program_is_told_of_each_change_and_its_reason(stage, hook):
    mortal = stage.backend(A)
    hlbd = stage.hlbd(config(service(NAME, [A]), **daemon(hook)))
    mortal.kill()
    (down,) = hook.wait_for(1)
    assert down.startswith(f"{NAME} {A}:8082 up down ")
    assert "connection refused" in down
    mortal.start()
    up = hook.wait_for(2)[1]
    assert up.startswith(f"{NAME} {A}:8082 down up ")
    assert "HTTP 200" in up
    assert warnings(hlbd) == []


def test_lookups_of_the_program_see_the_change(stage, tmp_path):
    script = f"LD_LIBRARY_PATH='{BUILD}' getent ahostsv4 {NAME} | cut -d' ' -f1 | sort -u | tr '\\n' ' '"
    hook = Hook(tmp_path, script=script)
    stage.backend(B)
    mortal = stage.backend(A)
    stage.hlbd(config(service(NAME, [A, B], answer="all"), **daemon(hook)))
    mortal.kill()
    assert hook.wait_for(1) == [f"{B} "]


def test_nothing_is_told_when_hlbd_starts_or_restarts_but_what_is_down(stage, hook):
    stage.backend(A)
    hlbd = stage.hlbd(config(service(NAME, [A, B]), **daemon(hook)))
    (down,) = hook.wait_for(1)
    assert down.startswith(f"{NAME} {B}:8082 unknown down ")
    until(lambda: '"down"' in state_text(hlbd), "the states in the file")
    hlbd.kill()
    hlbd.restart()
    hlbd.reload(config(service(NAME, [A, B]), service("new.test", [A]), **daemon(hook)))
    # The program is told of the end of all that, and of nothing in between.
    stage.backend(B)
    assert len(hook.wait_for(2)) == 2
    assert hook.told()[1].startswith(f"{NAME} {B}:8082 down up ")


def state_text(hlbd):
    file = hlbd.config_file.parent / "state/state.json"
    return file.read_text() if file.exists() else ""


def test_a_service_has_its_own_program_or_none_and_a_reload_changes_it(stage, tmp_path, hook):
    own = Hook(tmp_path, "own")
    mortals = [stage.backend(A)]
    services = [
        service("as-all.test", [A]),
        service("own.test", [A], on_change=[str(own.program)]),
        service("none.test", [A], on_change=[]),
    ]
    hlbd = stage.hlbd(config(*services, **daemon(hook)))
    mortals[0].kill()
    assert [line.split()[0] for line in hook.wait_for(1)] == ["as-all.test"]
    assert [line.split()[0] for line in own.wait_for(1)] == ["own.test"]
    hlbd.reload(config(*services, on_change_user="root"))
    mortals[0].start()
    assert [line.split()[3] for line in own.wait_for(2)] == ["down", "up"]
    until(lambda: lookup("as-all.test").addresses == [A], "back")
    assert len(hook.told()) == 1


def test_a_program_that_fails_is_a_warning_and_lookups_go_on(stage, tmp_path):
    hook = Hook(tmp_path, script="echo x; echo no mail server >&2; exit 7")
    mortal = stage.backend(A)
    hlbd = stage.hlbd(config(service(NAME, [A]), **daemon(hook)))
    mortal.kill()
    hlbd.wait_for_log(
        rf"warning {NAME}/{re.escape(A)}: on_change {re.escape(str(hook.program))} "
        "for up -> down: exit code 7: no mail server\n"
    )
    mortal.start()
    until(lambda: lookup(NAME).addresses == [A], "A back in the answers")


def test_what_happens_while_the_program_runs_is_told_by_one_run_more(stage, tmp_path):
    go = tmp_path / "go"
    hook = Hook(tmp_path, script=f"{NOTE}; until [ -e {go} ]; do sleep 0.05; done")
    mortal = stage.backend(A)
    hlbd = stage.hlbd(config(service(NAME, [A]), **daemon(hook)))
    mortal.kill()
    hook.wait_for(1)
    for _ in range(2):
        mortal.start()
        until(lambda: lookup(NAME).addresses == [A], "A back in the answers")
        mortal.kill()
        until(lambda: lookup(NAME).addresses == [], "A out of the answers")
    mortal.start()
    until(lambda: lookup(NAME).addresses == [A], "A back in the answers")
    assert len(hook.told()) == 1
    go.touch()
    assert [line.split()[2:4] for line in hook.wait_for(2)] == [["up", "down"], ["down", "up"]]
    assert warnings(hlbd) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_program_that_runs_is_killed_when_hlbd_stops(stage, tmp_path, number):
    hook = Hook(tmp_path, script="setsid sleep 300 & echo $$ $!; wait")
    mortal = stage.backend(A)
    hlbd = stage.hlbd(config(service(NAME, [A]), **daemon(hook)))
    mortal.kill()
    processes = [int(word) for word in hook.wait_for(1)[0].split()]
    hlbd.signal(number)
    assert hlbd.process.wait(10) == 0
    until(lambda: not any(os.path.exists(f"/proc/{each}") for each in processes), "all gone")
