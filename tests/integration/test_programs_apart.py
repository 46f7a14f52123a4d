"""Programs of checks and of on_change run apart from hlbd: a hostile one can't harm it, and what
their helper does wrong is never taken for a backend's doing."""

import os
import re
import signal
import socket

import pytest
from apart import SOCKET, USERS, Helper, make_users
from lookups import lookup
from waiting import until
from world import RUNTIME, config, service

A, B = "127.0.0.11", "127.0.0.12"
NAME = "app.test"

# What a program might do to hlbd, each a command that succeeds if it can. hlbd is stopped first: a
# table made shorter may end it by SIGBUS, and the program with it, before the others are tried.
ATTACKS = {
    "stop hlbd": "kill -STOP {hlbd}",
    "truncate the table": ": >/run/hlb/table",
    "write into the table": "printf X | dd of=/run/hlb/table conv=notrunc bs=1",
    "replace the table": "cp /run/hlb/table {scratch}/forged && mv {scratch}/forged /run/hlb/table",
    "exchange the table": "ln /run/hlb/table /run/hlb/other",
    "remove the table": "rm -f /run/hlb/table",
    "chmod the table": "chmod 666 /run/hlb/table",
    "chmod the folder": "chmod 777 /run/hlb",
    "remove the socket": "rm -f /run/hlb/bus",
    "bind another socket": "python3 -c 'import socket; socket.socket(1).bind(\"/run/hlb/bus2\")'",
    "read the state": "cat {state}/state.json",
    "write the state": ": >{state}/state.json",
    "write an override": ": >{state}/overrides.json",
    "kill hlbd": "kill -KILL {hlbd}",
    "read hlbd's memory": "dd if=/proc/{hlbd}/mem bs=1 count=0",
    "see hlbd's descriptors": "ls /proc/{hlbd}/fd/",
    "trace hlbd": "python3 -c 'import ctypes; exit(ctypes.CDLL(None).ptrace(16, {hlbd}, 0, 0))'",
    "limit hlbd": "prlimit --pid {hlbd} --nofile=16:16",
    "slow hlbd": "renice 19 -p {hlbd}",
    "ask the helper itself": "python3 -c 'import socket; socket.socket(1, 5).connect(\"{socket}\")'",
}


def check(program, **keys):
    keys = {"interval": "250ms", "timeout": "250ms", **keys}
    return {"type": "exec", "command": [str(program)], **keys}


class Script:
    """A program that anybody may run, with a folder where it may write."""

    def __init__(self, folder, text):
        os.chmod(folder, 0o755)
        for above in folder.parents:
            if above != above.parent and above.stat().st_uid == 0:
                os.chmod(above, above.stat().st_mode | 0o011)
        self.scratch = folder / "scratch"
        self.scratch.mkdir(exist_ok=True)
        self.scratch.chmod(0o777)
        self.path = folder / "program"
        self.write(text)

    def write(self, text):
        new = self.path.with_suffix(".new")
        new.write_text("#!/bin/sh\n" + text)
        new.chmod(0o755)
        new.rename(self.path)

    def notes(self, name):
        file = self.scratch / name
        return file.read_text() if file.exists() else ""


@pytest.fixture
def helper(stage, tmp_path):
    return stage.add(Helper(tmp_path / "helper.log"))


@pytest.fixture
def script(tmp_path):
    folder = tmp_path / "script"
    folder.mkdir()
    return Script(folder, "exit 0\n")


@pytest.fixture(params=["behind its socket", "started by root"])
def start(request, stage):
    """Starts hlbd with its helper in each way that keeps programs apart."""
    if request.param == "started by root":
        return lambda text: stage.hlbd(text, ready=False)
    request.getfixturevalue("helper")
    options = ["--programs-socket", SOCKET]
    return lambda text: stage.hlbd(text, ready=False, user="hlb", options=options)


def attack_script(script, hlbd):
    places = {
        "hlbd": hlbd.pid,
        "state": hlbd.config_file.parent / "state",
        "scratch": script.scratch,
        "socket": SOCKET,
    }
    lines = ["exec 2>/dev/null"]
    for name, command in ATTACKS.items():
        done = f'echo "{name}" >>{script.scratch}/done'
        lines.append(f"if ( {command.format(**places)} ) >/dev/null; then {done}; fi")
    lines.append(f"id -u >{script.scratch}/over")
    return "\n".join(lines) + "\n"


def await_orders(script):
    """It has to be told whom to attack."""
    orders = script.scratch / "orders"
    script.write(f"until [ -e {orders} ]; do sleep 0.05; done\nexec sh {orders}\n")
    keys = {"interval": "1m", "timeout": "1m"}
    return config(
        service(NAME, [A, B], answer="all"),
        service("attacked.test", [A], check=check(script.path, **keys)),
    )


def give_orders(script, hlbd):
    new = script.scratch / "orders.new"
    new.write_text(attack_script(script, hlbd))
    new.rename(script.scratch / "orders")


def test_a_hostile_program_harms_nothing(start, stage, script):
    stage.backend(A, B)
    hlbd = start(await_orders(script))
    until(lambda: sorted(lookup(NAME).addresses) == [A, B], "both in the answers")
    until((hlbd.config_file.parent / "state/state.json").exists, "a state to be read")
    before = (RUNTIME / "table").stat()
    give_orders(script, hlbd)
    until(lambda: script.notes("over"), "all attacks made", 60)
    assert script.notes("done") == ""
    assert int(script.notes("over")) not in (0, USERS["hlb"])
    assert hlbd.running()
    assert sorted(lookup(NAME).addresses) == [A, B]
    after = (RUNTIME / "table").stat()
    assert (after.st_uid, after.st_mode) == (before.st_uid, before.st_mode)


def test_the_same_program_would_succeed_if_it_ran_as_hlbds_user(stage, script):
    make_users()
    hlbd = stage.hlbd(await_orders(script), ready=False, user="hlb")
    hlbd.wait_for_log("checking the backends")
    give_orders(script, hlbd)
    expected = {"stop hlbd", "truncate the table", "replace the table", "remove the table"}
    until(lambda: expected <= set(script.notes("done").splitlines()), "hlbd is harmed", 20)


def test_what_a_program_leaves_behind_ends_with_it(start, script):
    script.write(
        f"[ -e {script.scratch}/daemon ] && exit 0\n"
        f"setsid sh -c 'setsid sleep 4712 & echo $! >{script.scratch}/daemon'\n"
    )
    start(config(service(NAME, [A], check=check(script.path))))
    until(lambda: script.notes("daemon"), "it has started a daemon")
    process = int(script.notes("daemon"))
    until(lambda: not os.path.exists(f"/proc/{process}"), "the daemon is gone")


def behind_socket(stage, script, **keys):
    text = config(service(NAME, [A], check=check(script.path, **keys)))
    return stage.hlbd(text, user="hlb", options=["--programs-socket", SOCKET])


def test_programs_run_as_the_helpers_user_behind_its_socket(stage, helper, script):
    script.write(f"id -un >{script.scratch}/user\n")
    behind_socket(stage, script)
    until(lambda: script.notes("user") == "hlb-programs\n", "it runs as the helper's user")


def test_a_helper_that_a_program_stops_costs_no_backend(stage, helper, script):
    hlbd = behind_socket(stage, script)
    assert lookup(NAME).addresses == [A]
    script.write("kill -STOP $PPID; sleep 1\n")
    hlbd.wait_for_log("programs: can't be run: hlb-programs does not answer")
    script.write("exit 0\n")
    assert lookup(NAME).addresses == [A]
    helper.signal(signal.SIGCONT)
    script.write(f"echo again >{script.scratch}/again\n")
    until(lambda: script.notes("again"), "it goes on", 20)
    assert lookup(NAME).addresses == [A]
    assert "up -> down" not in hlbd.log()


def test_a_helper_that_dies_costs_no_backend_and_is_used_again_when_it_is_back(stage, helper, script):
    hlbd = behind_socket(stage, script)
    helper.kill()
    hlbd.wait_for_log("programs: can't be run: ")
    assert lookup(NAME).addresses == [A]
    script.write(f"echo again >{script.scratch}/again\n")
    helper.start()
    until(lambda: script.notes("again"), "it goes on", 20)
    assert "up -> down" not in hlbd.log()


def test_without_its_socket_programs_are_not_run_at_all(stage, script):
    make_users()
    script.write(f"echo run >{script.scratch}/run\n")
    hlbd = behind_socket(stage, script)
    hlbd.wait_for_log("programs: can't be run: can't reach hlb-programs: No such file or directory")
    assert lookup(NAME).status != "OK"
    assert hlbd.log().count("programs: can't be run") == 1
    assert script.notes("run") == ""


def test_a_hlbd_of_an_ordinary_user_says_once_that_its_programs_are_not_apart(stage, script):
    make_users()
    script.write(f"id -un >{script.scratch}/user\n")
    text = config(service(NAME, [A], check=check(script.path)))
    hlbd = stage.hlbd(text, user="hlb")
    until(lambda: script.notes("user") == "hlb\n", "it runs as hlbd's user")
    assert len(re.findall("run as hlbd's own user", hlbd.log())) == 1


def test_a_helper_of_its_own_that_is_killed_is_replaced(stage, script):
    hlbd = stage.hlbd(config(service(NAME, [A], check=check(script.path))))
    (helper,) = children(hlbd.pid)
    os.kill(helper, signal.SIGKILL)
    script.write(f"echo again >{script.scratch}/again\n")
    until(lambda: script.notes("again"), "it goes on")
    assert lookup(NAME).addresses == [A]
    assert children(hlbd.pid) != [helper]
    assert len(children(hlbd.pid)) == 1


def children(process):
    with open(f"/proc/{process}/task/{process}/children") as listed:
        return [int(each) for each in listed.read().split()]


def test_a_stranger_at_the_helpers_socket_is_turned_away(stage, helper, script):
    """Also one who may connect, but doesn't speak as hlbd does."""
    behind_socket(stage, script)
    for nonsense in (b"", b"\0", b"\1\1" + b"\xff" * 100, b"x" * 100_000):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as stranger:
            stranger.connect(str(SOCKET))
            stranger.settimeout(10)
            stranger.send(nonsense)
            assert stranger.recv(100) == b""
    assert helper.running()
    assert lookup(NAME).addresses == [A]
