"""What others do must neither hold a program up in the module, nor end it, nor mislead it."""

import re
import shutil
import signal
import statistics
import sys

import pytest
from lookups import fields, lookup, lookups
from waiting import until
from world import BUILD, DNS_IPV4, HERE, RUNTIME, config, environment, run, service

MODULE = BUILD / "libnss_hlb.so.2"
GUEST = BUILD / "tests/guest"
A = "127.0.0.11"
NAME = "limits.test"
FOREIGN = "foreign.example"

# As /usr/include/nss.h, errno.h and netdb.h have them.
NSS_STATUS_UNAVAIL, NSS_STATUS_RETURN = "-1", "2"
EAGAIN, TRY_AGAIN = "11", "2"

DEADLINE_US = 300_000
SCHEDULING_US = 200_000

NEWEST_GLIBC = (2, 28)  # that of Debian 10 and of RHEL 8

unsanitized = pytest.mark.skipif(BUILD.name in {"asan", "tsan"}, reason="sanitizers need more")


@pytest.fixture
def hlbd(stage):
    stage.backend(A)
    return stage.hlbd(config(service(NAME, [A]), max_stale="20s"))


def guest(*arguments, runtime=None):
    result = run(GUEST, *arguments, runtime=runtime, check=False)
    assert result.returncode == 0, f"{result.returncode}: {result.stdout}{result.stderr}"
    (found,) = [fields(line) for line in result.stdout.splitlines()]
    return found


# ---- the system ------------------------------------------------------------------------------


@unsanitized
def test_glibc_2_28_has_all_that_the_module_needs():
    symbols = run("readelf", "--dyn-syms", "-W", MODULE).stdout
    versions = [tuple(map(int, each.split("."))) for each in re.findall(r"@GLIBC_([\d.]+)", symbols)]
    assert versions
    assert max(versions) <= NEWEST_GLIBC, symbols


# ---- the environment -------------------------------------------------------------------------


@unsanitized
def test_the_module_reads_no_environment():
    symbols = run("nm", "-D", "--undefined-only", MODULE).stdout
    assert "getenv" not in symbols and "environ" not in symbols


def test_a_thread_that_changes_the_environment_ends_no_lookup(stage):
    # Where hlbd never ran, so that each lookup looks for the table anew.
    for _ in range(5):
        assert int(guest("setenv", NAME, 1, runtime=stage.new_folder())["lookups"]) > 0


def test_a_folder_named_by_the_environment_is_not_looked_at(hlbd, stage):
    other = stage.new_folder()
    shutil.copy(RUNTIME / "table", other / "table")
    found = lookup(NAME, runtime=stage.new_folder(), env=environment(HLB_RUNTIME_DIR=str(other)))
    assert found.addresses != [A]


# ---- whoever sits at hlbd's socket -----------------------------------------------------------


@pytest.mark.parametrize("kind", ["messages", "dribble", "full"])
def test_whatever_is_at_the_socket_a_lookup_ends_at_the_deadline(stage, kind):
    RUNTIME.mkdir(exist_ok=True)
    stage.parts.callback(shutil.rmtree, RUNTIME)
    stage.program(sys.executable, HERE / "fake_peer.py", kind, ready="ready")
    found = lookups(NAME, count=3, family="inet")
    assert found.addresses() == {DNS_IPV4}
    assert found.slowest_us < DEADLINE_US + SCHEDULING_US


# ---- a hlbd that hangs -----------------------------------------------------------------------


def first_lookup_of_a_process_us(name):
    return lookups(name, family="inet").slowest_us


def test_a_foreign_name_never_waits_for_a_hlbd_that_hangs(hlbd):
    hlbd.signal(signal.SIGSTOP)
    until(lambda: first_lookup_of_a_process_us(NAME) > DEADLINE_US // 2, "the lease is over")
    taken = [first_lookup_of_a_process_us(FOREIGN) for _ in range(20)]
    assert lookup(FOREIGN, family="inet").addresses == [DNS_IPV4]
    hlbd.signal(signal.SIGCONT)
    assert statistics.median(taken) < DEADLINE_US // 10
    assert max(taken) < DEADLINE_US


# ---- a table of others -----------------------------------------------------------------------


def copy_of_the_table(stage):
    """In a folder of its own, without hlbd's socket."""
    folder = stage.new_folder()
    shutil.copy(RUNTIME / "table", folder / "table")
    return folder


def answered_by(folder):
    return lookup(NAME, runtime=folder, family="inet").addresses


def test_a_table_is_taken_from_the_owner_of_its_folder_alone(hlbd, stage):
    folder = copy_of_the_table(stage)
    assert answered_by(folder) == [A]
    shutil.chown(folder / "table", "nobody")
    assert answered_by(folder) == [DNS_IPV4]
    shutil.chown(folder, "nobody")
    assert answered_by(folder) == [A]


@pytest.mark.parametrize("mode", [0o770, 0o707])
def test_a_table_or_folder_that_others_may_write_is_not_taken(hlbd, stage, mode):
    folder = copy_of_the_table(stage)
    for each in (folder / "table", folder):
        before = each.stat().st_mode & 0o777
        each.chmod(mode | 0o005)
        assert answered_by(folder) == [DNS_IPV4]
        each.chmod(before)
    assert answered_by(folder) == [A]


# ---- no descriptors --------------------------------------------------------------------------


def test_without_descriptors_a_managed_name_is_to_be_tried_again(hlbd):
    found = guest("starve", NAME, MODULE)
    assert found == {"status": NSS_STATUS_RETURN, "errno": EAGAIN, "h_errno": TRY_AGAIN}


def test_without_descriptors_and_where_hlbd_never_ran_the_next_source_answers(stage):
    found = guest("starve", NAME, MODULE, runtime=stage.new_folder())
    assert found["status"] == NSS_STATUS_UNAVAIL
