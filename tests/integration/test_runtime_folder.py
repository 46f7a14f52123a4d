"""/run/hlb is taken by one hlbd, whatever others do to it or to what is in it."""

import os
import shutil
import socket
import stat
import time
from pathlib import Path

import pytest
from lookups import lookups
from programs import as_user
from waiting import until
from world import BUILD, RUNTIME, config, run, service

A = "127.0.0.11"
NAME = "folder.test"
NOTICED = 1 + 0.5  # seconds, and a loaded machine's half


@pytest.fixture
def hlbd(stage):
    stage.backend(A)
    return stage.hlbd(config(service(NAME, [A])))


def test_no_other_user_can_keep_hlbd_from_it(stage):
    RUNTIME.mkdir(exist_ok=True)
    hold = stage.program(*as_user("nobody"), "flock", "--shared", RUNTIME, "sleep", "60")
    until(lambda: f"{hold.pid} " in locks(), "the folder locked")
    stage.backend(A)
    hlbd = stage.hlbd(config(service(NAME, [A])))
    assert lookups(NAME).addresses() == {A} and hold.running() and hlbd.running()
    lock = os.stat(RUNTIME / "lock")
    assert stat.S_IMODE(lock.st_mode) == 0o600
    assert run(*as_user("nobody"), "flock", RUNTIME / "lock", "true", check=False).returncode != 0


def locks():
    with open("/proc/locks", encoding="ascii") as held:
        return held.read()


def test_a_second_hlbd_is_turned_away(hlbd):
    second = run(BUILD / "hlbd", "--config", hlbd.config_file, "--runtime-dir", RUNTIME,
                 "--state-dir", hlbd.config_file.parent, "--bus", "none", check=False)  # fmt: skip
    assert second.returncode == 1
    assert second.stderr.endswith(f"hlbd: another hlbd serves {RUNTIME}\n")
    assert hlbd.running() and lookups(NAME).addresses() == {A}


def answers_on(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(1)
        try:
            client.connect(str(path))
            client.sendall(b"\0AUTH ANONYMOUS\r\n")
            return client.recv(100).startswith(b"DATA")
        except OSError:
            return False


def replace(path):
    path.unlink()
    path.write_text("no socket")


@pytest.mark.parametrize("harm", [Path.unlink, replace])
@pytest.mark.parametrize("name", ["bus", "bus.root"])
def test_a_socket_that_is_gone_is_put_back(hlbd, name, harm):
    path = RUNTIME / name
    assert answers_on(path)
    harm(path)
    assert not answers_on(path)
    until(lambda: answers_on(path), "the socket back", NOTICED)
    assert hlbd.running()


def remove_folder():
    shutil.rmtree(RUNTIME)


def replace_folder():
    RUNTIME.rename(RUNTIME.with_suffix(".old"))
    RUNTIME.mkdir()


@pytest.mark.parametrize("harm", [remove_folder, replace_folder])
def test_hlbd_ends_with_one_line_when_its_folder_is_gone(stage, hlbd, harm):
    harm()
    stage.parts.callback(shutil.rmtree, RUNTIME.with_suffix(".old"), ignore_errors=True)
    start = time.monotonic()
    assert hlbd.process.wait(10) == 1
    assert time.monotonic() - start < NOTICED
    last = hlbd.log().splitlines()[-1]
    assert last == f"hlbd: {RUNTIME} was removed or replaced: a new start is needed"
    assert hlbd.log().count("removed") == 1
    hlbd.restart()
    assert lookups(NAME).addresses() == {A}


def test_an_hlbd_that_lost_its_folder_leaves_its_successor_alone(stage, hlbd):
    hlbd.signal(19)  # SIGSTOP, so that both are there at a time
    replace_folder()
    stage.parts.callback(shutil.rmtree, RUNTIME.with_suffix(".old"), ignore_errors=True)
    successor = stage.hlbd(config(service(NAME, [A])))
    hlbd.signal(18)
    assert hlbd.process.wait(10) == 1
    assert answers_on(RUNTIME / "bus") and successor.running()
    assert lookups(NAME).addresses() == {A}
