"""The table under adversity: what changes in place, and what stands when nothing else can be made."""

import os
import shutil
import signal
import socket
import sys
import time

import pytest
from lookups import Hammer, fields, lookup, lookups
from programs import Program
from waiting import until
from world import BUILD, DNS_IPV4, RUNTIME, config, environment, fill, run, service

A, B, C = "127.0.0.11", "127.0.0.12", "127.0.0.13"
NAME = "table.test"
TABLE = RUNTIME / "table"
HEADER = 96  # bytes
STATE_FLAGS = 31  # from the start of a backend


def services(*names, backends=(A, B), **keys):
    return config(*[service(name, backends, answer="all") for name in names or [NAME]], **keys)


@pytest.fixture
def backends(stage):
    return {address: stage.backend(address) for address in (A, B, C)}


def answered(name=NAME, **options):
    return set(lookup(name, family="inet", **options).addresses)


def identity(path=TABLE):
    status = os.stat(path)
    return status.st_dev, status.st_ino


# ---- many threads ----------------------------------------------------------------------------


def test_threads_that_read_while_verdicts_change_see_nothing_that_never_was():
    seen = fields(run(BUILD / "tests/table_stress", 200_000, 3).stdout.strip())
    assert int(seen["lookups"]) > 0
    assert seen["none"] == seen["wrong"] == "0"


# ---- a full file system ----------------------------------------------------------------------


@pytest.fixture
def small_run(stage):
    """A runtime folder on a file system of 256 KiB."""
    return stage.file_system(RUNTIME, "256k")


def unchecked(name, backends=(C,)):
    listed = ", ".join(f'"{each}"' for each in backends)
    return f'[[service]]\nname = "{name}"\nbackends = [{listed}]\n[service.check]\ntype = "none"\n'


def fill_up(folder):
    fill(folder)
    assert shutil.disk_usage(folder).free == 0


def test_a_dead_backend_is_left_out_while_run_is_full(small_run, stage, backends):
    stage.hlbd(services())
    before = identity()
    fill_up(small_run)
    backends[A].kill()
    until(lambda: answered() == {B}, "the dead one out")
    assert identity() == before


def test_what_is_new_is_answered_by_hlbd_while_run_is_full(small_run, stage, backends):
    hlbd = stage.hlbd(services(NAME, "gone.test"))
    until((small_run / "table.spare").exists, "room for the next table")
    fill_up(small_run)
    many = "".join(unchecked(f"new{i}.test") for i in range(3000))
    hlbd.reload(services(backends=(B, C)) + many)
    assert "no new table" in hlbd.log()
    until(lambda: answered() == {B, C}, "the new backend in the place of the old one")
    for _ in range(20):
        assert answered() == {B, C}
        assert answered("new7.test") == {C}
        assert answered("gone.test") == {DNS_IPV4}
        assert answered("foreign.example") == {DNS_IPV4}
    (small_run / "ballast").unlink()
    hlbd.reload(services(backends=(B, C)) + unchecked("new7.test"))
    until(lambda: b"new7.test" in TABLE.read_bytes(), "the new table")
    hlbd.kill()
    assert answered("new7.test") == {C}, "from the table"


# ---- room ------------------------------------------------------------------------------------

LOOK_UP_ONCE_AND_STAY = """
import socket, sys, time
socket.getaddrinfo(sys.argv[1], 80)
print("idle", flush=True)
time.sleep(3600)
"""


def idle_program(stage):
    log = stage.new_folder() / "log"
    return stage.add(Program([sys.executable, "-c", LOOK_UP_ONCE_AND_STAY, NAME], log, environment()))


def test_verdicts_that_change_take_no_room_whoever_has_the_table_mapped(stage, backends):
    hlbd = stage.hlbd(services())
    idle = []
    used = []
    for _ in range(5):
        idle.append(idle_program(stage))
        idle[-1].wait_for_log("idle")
        for what, expected in ((signal.SIGSTOP, {B}), (signal.SIGCONT, {A, B})):
            backends[A].signal(what)
            until(lambda expected=expected: answered() == expected, f"{expected} alone")
        used.append(identity())
    assert len(set(used)) == 1
    assert hlbd.running()


RELOADS = int(os.environ.get("RELOADS", "6"))


def test_old_tables_take_next_to_no_room_whoever_has_them_mapped(stage, backends):
    folder = stage.file_system(RUNTIME, "40m")
    ten = [f"127.3.0.{i}" for i in range(1, 11)]
    many = "".join(unchecked(f"many{i}.test", ten) for i in range(1000))
    hlbd = stage.hlbd(services() + many)
    idle = []
    for number in range(RELOADS):
        idle.append(idle_program(stage))
        idle[-1].wait_for_log("idle")
        new = f"new{number}.test"
        hlbd.reload(services() + many + unchecked(new))
        until(lambda new=new: new.encode() in TABLE.read_bytes(), "the next table")

    def used():
        return shutil.disk_usage(folder).used

    table = os.stat(TABLE).st_blocks * 512
    bound = 2 * table + (64 << 10) * (RELOADS - 1)  # the last one stays whole for a minute
    assert table > 300_000
    until(lambda: used() <= bound, f"{used()} <= {bound} bytes in use")
    print(f"{used()} bytes in use, a table of {table}, {RELOADS} old ones mapped")


# ---- what others do to the file ---------------------------------------------------------------


def remove():
    TABLE.unlink()


def copy_over():
    """Without making it shorter first, as cp(1) would: no program survives that amid a lookup."""
    older = TABLE.read_bytes()
    until(lambda: TABLE.read_bytes() != older, "a lease that was renewed")
    with TABLE.open("r+b") as table:
        table.write(older)


def replace():
    copy = TABLE.with_name("copy")
    shutil.copy(TABLE, copy)
    copy.rename(TABLE)


@pytest.mark.parametrize("harm", [remove, copy_over, replace])
def test_a_table_that_somebody_harms_is_made_anew_within_a_second(stage, backends, harm):
    stage.hlbd(services())
    hammer = Hammer(stage, NAME, seconds=4, threads=4)
    until(lambda: answered() == {A, B}, "answers")
    time.sleep(1.1)  # a table rests for a second before it can be replaced
    harm()
    harmed = identity() if TABLE.exists() else None
    until(lambda: TABLE.exists() and identity() != harmed, "another table", 1.5)
    assert hammer.result().statuses() == {"OK"}


def junk():
    """Leaves the header as it is, and the lease with it: all else is somebody's bytes."""
    with TABLE.open("r+b") as table:
        table.seek(HEADER)
        table.write(b"junk" * ((TABLE.stat().st_size - HEADER) // 4))


def another_answer():
    """The same names and backends, but nobody is up."""
    with TABLE.open("r+b") as table:
        text = table.read()
        for address in (A, B):
            table.seek(text.index(socket.inet_aton(address)) + STATE_FLAGS)
            table.write(b"\0")


def cut():
    os.truncate(TABLE, 0)


@pytest.mark.parametrize("harm", [junk, another_answer, cut])
def test_what_somebody_writes_into_a_table_is_made_right_within_a_second(stage, backends, harm):
    hlbd = stage.hlbd(services())
    until(lambda: answered() == {A, B}, "answers")
    time.sleep(1.1)  # a table rests for a second before it can be replaced
    harm()
    harmed = identity()
    until(lambda: identity() != harmed, "another table", 1.5)
    assert answered() == {A, B}
    backends[A].kill()
    until(lambda: answered() == {B}, "the dead one out")
    assert hlbd.running()
    assert hlbd.log().count("it is made anew") == 1


# ---- removed for good ------------------------------------------------------------------------


def test_a_hlbd_that_is_stopped_leaves_the_table_of_its_last_reload(stage, backends):
    hlbd = stage.hlbd(services(NAME))
    hlbd.reload(services(NAME, "more.test"))
    hlbd.reload(services(NAME, "other.test"))  # no table follows another within a second
    assert answered("more.test") == {DNS_IPV4}
    hlbd.terminate()
    assert answered("more.test") == {DNS_IPV4}
    assert answered() == answered("other.test") == {A, B}


def test_a_hlbd_that_can_make_no_table_stops_all_the_same(small_run, stage, backends):
    hlbd = stage.hlbd(services(NAME))
    fill_up(small_run)
    hlbd.reload(services(NAME, *(f"more{number}.test" for number in range(2000))))
    assert hlbd.terminate() == 0


def test_running_programs_turn_to_the_next_source_when_hlbd_is_removed(stage, backends):
    hlbd = stage.hlbd(services(max_stale="1s"))
    program = Hammer(stage, NAME, seconds=6, threads=1, pause_us=10_000)
    until(lambda: answered() == {A, B}, "answers")
    hlbd.terminate()
    run(BUILD / "hlbd", "--retire")
    shutil.rmtree(RUNTIME)
    assert program.result().addresses() >= {A, B, DNS_IPV4}


# ---- another network namespace ---------------------------------------------------------------


def test_a_program_in_another_network_gets_the_pick_alone(stage, backends):
    # glibc's sort leaves the two as they are given: both are in each answer.
    stage.hlbd(config(service(NAME, [A, B])))
    assert {len(each.addresses) for each in lookups(NAME, family="inet", count=50).results} == {2}
    command = [BUILD / "tests/lookup", NAME, "--family", "inet", "--count", "200"]
    there = run("unshare", "--net", *command).stdout
    found = [fields(line) for line in there.splitlines() if "status=" in line]
    assert {each["addresses"] for each in found} == {A, B}
