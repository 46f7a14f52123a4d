"""What the module may do to the processes it is loaded into: nothing but answer, and in time."""

import re
import signal
import sys

import pytest
from lookups import Hammer, fields, lookup, lookups
from programs import Program
from waiting import until
from world import BUILD, DNS, config, environment, run, service

MODULE = BUILD / "libnss_hlb.so.2"
GUEST = BUILD / "tests/guest"
A, B = "127.0.0.11", "127.0.0.12"
NAME = "guest.test"
ONE = "one.test"  # of one address, for which glibc opens no sockets of its own

# The module's deadline, and what a loaded machine may add before a thread is run again.
DEADLINE_US = 300_000
SCHEDULING_US = 200_000

unsanitized = pytest.mark.skipif(BUILD.name in {"asan", "tsan"}, reason="sanitizers need more")


def services(weight=1):
    backends = [{"address": A, "weight": weight}, B]
    return config(service(NAME, backends), service(ONE, [A], answer="one"), max_stale="20s")


@pytest.fixture
def hlbd(stage):
    stage.backend(A, B)
    return stage.hlbd(services())


# ---- the file --------------------------------------------------------------------------------


@unsanitized
def test_libc_is_all_that_the_module_needs():
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", run("readelf", "-dW", MODULE).stdout)
    assert needed == ["libc.so.6"]


@unsanitized
def test_the_module_exports_its_four_entry_points_and_nothing_else():
    symbols = run("nm", "-D", "--defined-only", "--format=posix", MODULE).stdout
    assert {line.split()[0].split("@")[0] for line in symbols.splitlines()} == {
        "_nss_hlb_gethostbyname_r",
        "_nss_hlb_gethostbyname2_r",
        "_nss_hlb_gethostbyname3_r",
        "_nss_hlb_gethostbyname4_r",
    }


@unsanitized
def test_the_module_has_no_thread_local_storage_and_nothing_that_runs_at_load_or_unload():
    assert " TLS " not in run("readelf", "-lW", MODULE).stdout
    dynamic = run("readelf", "-dW", MODULE).stdout
    assert not re.findall(r"\((INIT|FINI|INIT_ARRAY|FINI_ARRAY|TEXTREL)\)", dynamic)
    assert "NODELETE" in dynamic and "NOW" in dynamic


# ---- the process -----------------------------------------------------------------------------


def guest(*arguments, runtime=None):
    result = run(GUEST, *arguments, runtime=runtime, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return [fields(line) for line in result.stdout.splitlines()]


@pytest.fixture(params=["table", "bus"])
def path(request, hlbd, stage):
    """The way on which answers come: what is /run/hlb to who looks up, None for what is there."""
    return None if request.param == "table" else stage.bus_alone()


def test_100_000_lookups_leave_descriptors_and_threads_as_they_were(hlbd):
    (seen,) = guest("traces", ONE, 100_000)
    assert seen["lookups"] == "100000" and seen["failed"] == "0"
    for kind in ("descriptors", "threads"):
        before, after = seen[kind].split(",")
        assert before == after


def test_5_000_lookups_over_the_bus_leave_descriptors_and_threads_as_they_were(hlbd, stage):
    (seen,) = guest("traces", ONE, 5_000, runtime=stage.bus_alone())
    assert seen["failed"] == "0"
    for kind in ("descriptors", "threads"):
        before, after = seen[kind].split(",")
        assert before == after


def test_a_child_forked_amid_lookups_can_look_up(path):
    (seen,) = guest("fork", NAME, MODULE, runtime=path)
    assert seen["failed"] == "0"
    assert int(seen["lookups"]) > 0


def test_closing_every_descriptor_between_lookups_is_harmless(path):
    (seen,) = guest("close", NAME, runtime=path)
    assert seen["failed"] == "0"


def test_buffers_too_small_by_any_number_of_bytes_ask_for_more_and_are_not_overrun(path):
    entries = guest("buffers", NAME, MODULE, runtime=path)
    assert [entry["entry"] for entry in entries] == [
        "gethostbyname4_r", "gethostbyname3_r", "gethostbyname2_r", "gethostbyname_r",
    ]  # fmt: skip
    for entry in entries:
        assert int(entry["needs"].split(",")[0]) > len(NAME)


def test_inside_of_hlbd_the_module_answers_nothing(hlbd):
    assert lookup(NAME).ok
    assert run(BUILD / "tests/inside_hlbd", NAME, check=False).returncode == 0


def test_a_service_of_2_000_backends_resolves(stage):
    stage.backend("0.0.0.0")
    backends = [f"127.7.{i // 250}.{i % 250 + 1}" for i in range(2000)]
    check = {"type": "tcp", "interval": "5s"}
    hlbd = stage.hlbd(config(service("large.test", backends, answer="all", check=check)))
    for runtime in (None, stage.bus_alone()):
        result = lookup("large.test", runtime=runtime, family="inet")
        assert sorted(result.addresses) == sorted(backends)
        by_name = lookup("large.test", runtime=runtime, api="gethostbyname")
        assert sorted(by_name.addresses) == sorted(backends)
    assert hlbd.running()


# ---- the deadline ----------------------------------------------------------------------------


def assert_right_and_in_time(found):
    assert found.lookups > 0
    assert found.statuses() == {"OK"}
    assert found.addresses() == {A, B}
    assert found.slowest_us < DEADLINE_US + SCHEDULING_US


def test_16_threads_get_right_answers_in_time_while_hlbd_is_killed_and_restarted(stage, hlbd):
    hammer = Hammer(stage, NAME, seconds=5)
    while hammer.running():
        hlbd.kill()
        hlbd.restart()
    assert_right_and_in_time(hammer.result())


def test_16_threads_get_right_answers_in_time_while_hlbd_is_stopped(stage, hlbd):
    # Stopped for longer than the table's lease, so that lookups turn to the socket in vain.
    hammer = Hammer(stage, NAME, seconds=8)
    hlbd.signal(signal.SIGSTOP)
    found = hammer.result()
    hlbd.signal(signal.SIGCONT)
    assert_right_and_in_time(found)
    until(lambda: lookup(NAME).ok, "answers of the continued hlbd")


def test_16_threads_get_right_answers_in_time_while_the_table_is_replaced(stage, hlbd):
    hammer = Hammer(stage, NAME, seconds=4)
    reloads = 0
    while hammer.running():
        reloads += 1
        hlbd.reload(services(weight=1 + reloads % 9))
    assert reloads > 9
    assert_right_and_in_time(hammer.result())


def test_a_process_that_mapped_the_table_sees_the_one_of_a_new_hlbd(stage, hlbd):
    stage.backend("127.0.0.13")
    program = Program(
        [sys.executable, "-c", LOOK_UP_FOREVER, NAME], stage.new_folder() / "log", environment()
    )
    stage.add(program)
    program.wait_for_log(re.escape(A))
    hlbd.kill()
    hlbd.write_config(config(service(NAME, ["127.0.0.13"])))
    hlbd.restart()
    program.wait_for_log(r"127\.0\.0\.13")
    assert not DNS & set(program.log().split())


LOOK_UP_FOREVER = """
import socket, sys, time
last = None
while True:
    now = socket.getaddrinfo(sys.argv[1], 80, socket.AF_INET, socket.SOCK_STREAM)[0][4][0]
    if now != last:
        print(now, flush=True)
    last = now
    time.sleep(0.01)
"""


def test_a_lookup_over_the_bus_of_a_stopped_hlbd_ends_at_the_deadline(hlbd, stage):
    runtime = stage.bus_alone()
    hlbd.signal(signal.SIGSTOP)
    found = lookups(NAME, runtime=runtime, count=3, family="inet")
    assert found.slowest_us < DEADLINE_US + SCHEDULING_US
